"""Faults of processes and regions: what happens is what docs/fabric-faults.md says."""
import os
import signal
import struct
import subprocess
import time
import unittest

import harness

MIB = 1 << 20
VERSION_OFFSET = 8  # of the header
FALLBACK = "self,ivshmem,tcp"
NOBODY = 65534


class Processes(harness.Case):
    def test_killed_rank(self):
        job = self.start(3, "traffic", 60)
        job.await_text("traffic begins")
        os.kill(job.rank(1), signal.SIGKILL)
        begin = time.monotonic()
        code, text = self.finish(job, 20)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertNotEqual(code, 0)
        self.assertIn("rank 1", text)
        self.assert_works(3, "traffic", 0.5)

    def test_killed_mpirun(self):
        job = self.start(3, "traffic", 60)
        job.await_text("traffic begins")
        job.process.kill()
        end = time.monotonic() + 10
        while job.processes() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(job.processes(), [])
        self.assert_works(3, "traffic", 0.5)

    def test_stopped_rank_counts_as_dead(self):
        job = self.start(3, "traffic", 60, btl_ivshmem_peer_timeout=2)
        job.await_text("traffic begins")
        os.kill(job.rank(2), signal.SIGSTOP)
        begin = time.monotonic()
        code, text = self.finish(job, 30)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertNotEqual(code, 0)
        self.assertIn("rank 2 on", text)
        self.assertIn("no sign of life for 2 s", text)
        self.assert_works(3, "traffic", 0.5)

    def test_short_stop_is_survived(self):
        job = self.start(2, "traffic", 6, btl_ivshmem_peer_timeout=4)
        job.await_text("traffic begins")
        rank = job.rank(1)
        os.kill(rank, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(rank, signal.SIGCONT)
        code, text = self.finish(job)
        self.assertEqual(code, 0, text)

    def test_all_stopped_for_long(self):
        """A machine that was paused as a whole: nobody takes the others for dead."""
        job = self.start(2, "traffic", 5, btl_ivshmem_peer_timeout=2)
        job.await_text("traffic begins")
        ranks = [job.rank(0), job.rank(1)]
        for rank in ranks:
            os.kill(rank, signal.SIGSTOP)
        time.sleep(4)
        for rank in ranks:
            os.kill(rank, signal.SIGCONT)
        code, text = self.finish(job)
        self.assertEqual(code, 0, text)

    def test_child_that_has_left_is_not_dead(self):
        code, text = self.run_job(2, "parting", 5, btl_ivshmem_peer_timeout=2)
        self.assertEqual(code, 0, text)
        self.assertNotIn("sign of life", text)

    def test_place_taken_from_a_stopped_process(self):
        """It says what has happened when it goes on."""
        job = self.start(2, "traffic", 60, btl_ivshmem_region_slots=2, btl_ivshmem_peer_timeout=0)
        job.await_text("traffic begins")
        ranks = [job.rank(0), job.rank(1)]
        for rank in ranks:
            os.kill(rank, signal.SIGSTOP)
        self.assert_works(2, "traffic", 0.5)
        for rank in ranks:
            os.kill(rank, signal.SIGCONT)
        code, text = self.finish(job)
        self.assertNotEqual(code, 0)
        self.assertIn("lost its place", text)


class Jobs(harness.Case):
    def test_two_at_once(self):
        jobs = [self.start(3, "traffic", 3) for _ in range(2)]
        for job in jobs:
            code, text = self.finish(job)
            self.assertEqual(code, 0, text)
            self.assertNotIn("warning", text)

    def test_in_a_row(self):
        for _ in range(3):
            text = self.assert_works(2, "traffic", 0.2)
            self.assertNotIn("weiss", text)

    def test_full_of_dead_processes(self):
        """16 places; 8 jobs of two ranks each are killed. The next one finds no free place and takes those of the dead."""
        jobs = [self.start(4, "traffic", 60, btl_ivshmem_region_slots=16) for _ in range(4)]
        for job in jobs:
            job.await_text("traffic begins")
        for job in jobs:
            for pid in job.processes():
                os.kill(pid, signal.SIGKILL)
        text = self.assert_works(4, "traffic", 0.5)
        self.assertNotIn("not used", text)

    def test_full_of_living_processes(self):
        first = self.start(4, "traffic", 15, btl_ivshmem_region_slots=4)
        first.await_text("traffic begins")
        text = self.assert_works(2, "traffic", 0.5, btl=FALLBACK)
        self.assertIn("all 4 places of the region are taken", text)
        code, text = self.finish(first)
        self.assertEqual(code, 0, text)

    def test_region_removed_meanwhile(self):
        job = self.start(2, "traffic", 3)
        job.await_text("traffic begins")
        os.unlink(self.region)
        code, text = self.finish(job)
        self.assertEqual(code, 0, text)
        self.assertFalse(os.path.exists(self.region))

    def test_different_regions(self):
        """Ranks without a common region: another transport, or Open MPI's message that there is none."""
        script = os.path.join(self.directory, "split")
        with open(script, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexport OMPI_MCA_btl_ivshmem_region=$OMPI_MCA_btl_ivshmem_region$((OMPI_COMM_WORLD_RANK % 2))"
                       f"\nexec {harness.PROGRAMS}/\"$@\"\n")
        os.chmod(script, 0o755)
        self.assert_works(4, script, "traffic", 0.5, btl=FALLBACK)
        self.assertTrue(os.path.exists(self.region + "1"))
        code, text = self.run_job(2, script, "traffic", 0.5)
        self.assertNotEqual(code, 0)
        self.assertIn("unable to reach", text)


class Regions(harness.Case):
    def assert_falls_back(self, *words, **options):
        """With tcp the job works, and a line says why there is no region; without, Open MPI says that nothing is left."""
        text = self.assert_works(2, "traffic", 0.2, btl=FALLBACK, **options)
        self.assertIn("ivshmem is not used", text)
        for word in words:
            self.assertIn(word, text)
        code, text = self.run_job(2, "traffic", 0.2, **options)
        self.assertNotEqual(code, 0)
        self.assertIn(words[0], text)

    def test_too_small_for_the_job(self):
        text = self.assert_works(20, "traffic", 0.1, btl=FALLBACK, btl_ivshmem_region_bytes=MIB, timeout=120)
        self.assertIn("use a larger region", text)

    def test_no_such_directory(self):
        self.assert_falls_back("No such file or directory", btl_ivshmem_region=os.path.join(self.directory, "none", "region"))

    def test_name_of_nothing(self):
        self.assert_falls_back("names no region", btl_ivshmem_region="region")

    @unittest.skipIf(os.geteuid() != 0, "needs root, to become another user")
    def test_no_permission(self):
        with open(self.region, "wb") as file:
            file.truncate(4 * MIB)
        os.chmod(self.region, 0o600)
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env", "HOME=/nonexistent"]
        self.assert_falls_back("Permission denied", before=as_nobody)

    @unittest.skipIf(os.geteuid() != 0, "needs root, for a file system of its own")
    def test_full_file_system(self):
        small = os.path.join(self.directory, "small")
        os.mkdir(small)
        mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"', small]
        self.assert_falls_back("no room", before=mount, btl_ivshmem_region=os.path.join(small, "region"))

    def test_not_a_region(self):
        with open(self.region, "wb") as file:
            file.write(b"something else\n" * 100000)
            file.truncate(2 * MIB)
        self.assert_falls_back("no region of Weiss", "weiss fabric clear")

    def test_odd_sizes(self):
        for size in (1, 4096, MIB + 1):
            with self.subTest(size=size):
                with open(self.region, "wb") as file:
                    file.truncate(size)
                self.assert_falls_back("cannot be used")

    def test_other_version(self):
        self.assert_works(2, "traffic", 0.1)
        with open(self.region, "r+b") as file:
            file.seek(VERSION_OFFSET)
            version = struct.unpack("<I", file.read(4))[0]
            file.seek(VERSION_OFFSET)
            file.write(struct.pack("<I", version + 1))
        self.assert_falls_back(f"layout version {version + 1}", f"needs version {version}")

    def test_damaged_header(self):
        self.assert_works(2, "traffic", 0.1)
        for offset in (16, 24, 32, 40, 48, 64):
            with self.subTest(offset=offset):
                with open(self.region, "r+b") as file:
                    file.seek(offset)
                    before = file.read(8)
                    file.seek(offset)
                    file.write(struct.pack("<Q", 0xfffffffffffffff0))
                self.assert_falls_back("header of the region")
                with open(self.region, "r+b") as file:
                    file.seek(offset)
                    file.write(before)
        self.assert_works(2, "traffic", 0.1)


class Parameters(harness.Case):
    """Values at the ends and beyond: right results, or a clear message."""

    def try_values(self, name, values):
        for value in values:
            with self.subTest(value=value):
                if os.path.exists(self.region):
                    os.unlink(self.region)
                code, text = self.run_job(3, "traffic", 0.1, **{name: value})
                if code == 0:
                    self.assertIn("traffic ends", text)
                else:
                    self.assertIn("weiss: ", text)

    def test_ring_bytes(self):
        self.try_values("btl_ivshmem_ring_bytes", (-1, 0, 1, 4095, 4096, 5000, 65536, 65537, 2147483647))

    def test_chunk_bytes(self):
        self.try_values("btl_ivshmem_chunk_bytes", (-1, 0, 1, 4097, 65536, 1 << 20, 1 << 24, 2147483647))

    def test_chunks(self):
        self.try_values("btl_ivshmem_chunks", (-1, 0, 1, 2, 3, 1000, 2147483647))

    def test_region_slots(self):
        self.try_values("btl_ivshmem_region_slots", (-1, 1, 2, 3, 4, 63, 65, 512, 513, 2147483647))

    def test_region_bytes(self):
        self.try_values("btl_ivshmem_region_bytes", (0, 1, MIB - 4096, MIB, MIB + 4096, 3 * MIB, 1 << 50, 18446744073709551615))

    def test_times(self):
        self.try_values("btl_ivshmem_spin_us", (-2, 0, 1, 2147483647))
        self.try_values("btl_ivshmem_peer_timeout", (-1, 0, 1, 2147483647))

    def test_wait(self):
        self.try_values("btl_ivshmem_wait", ("spin", "block", "adaptive"))

    def test_statistics_to_nowhere(self):
        text = self.assert_works(2, "traffic", 0.1, btl_ivshmem_statistics=os.path.join(self.directory, "none"))
        self.assertIn("cannot write statistics", text)


if __name__ == "__main__":
    harness.main()
