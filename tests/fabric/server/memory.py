"""The memory of regions: seals, allocation ahead, names of files, and what is refused."""
import fcntl
import os
import stat
import subprocess
import unittest

import harness

SEAL_SEAL, SEAL_SHRINK, SEAL_GROW = 1, 2, 4


def free_huge_pages():
    with open("/proc/meminfo", encoding="ascii") as file:
        values = dict(line.split(":") for line in file)
    return int(values.get("HugePages_Free", "0")), int(values.get("Hugepagesize", "0 kB").split()[0]) * 1024


class Anonymous(harness.Case):
    def test_sealed(self):
        self.start("blue,bytes=1M")
        fd = self.client().join().memory
        self.assertEqual(harness.seals(fd), SEAL_SEAL | SEAL_SHRINK | SEAL_GROW)
        for size in (0, 2 << 20):
            with self.assertRaises(PermissionError):
                os.ftruncate(fd, size)
        with self.assertRaises(PermissionError):
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, 8)

    def test_allocated_ahead(self):
        self.start("blue,bytes=64M")
        self.assertEqual(os.fstat(self.client().join().memory).st_blocks * 512, 64 << 20)

    def test_sealed_again_for_the_next_tenant(self):
        self.start("blue,bytes=1M")
        self.client().join().close()
        self.assertEqual(harness.seals(self.client().join().memory), SEAL_SEAL | SEAL_SHRINK | SEAL_GROW)


class Files(harness.Case):
    def setUp(self):
        super().setUp()
        self.name = f"test-{os.getpid()}"
        self.file = f"/dev/shm/weiss-{self.name}"
        self.addCleanup(lambda: os.path.lexists(self.file) and os.unlink(self.file))

    def refused(self, *words, group=None):
        result = self.command("--group", group or f"{self.name},bytes=1M,memory=shm")
        self.assert_fails(result, *words)
        self.assertFalse(os.path.exists(self.run_directory), "something was left")

    def test_a_file_in_dev_shm(self):
        server = self.start(f"{self.name},bytes=1M,memory=shm")
        status = os.stat(self.file)
        self.assertEqual((stat.S_IMODE(status.st_mode), status.st_size, status.st_blocks * 512),
                         (0o600, 1 << 20, 1 << 20))
        client = self.client(self.name).join()
        self.assertTrue(os.path.samestat(os.fstat(client.memory), status))
        server.terminate()
        server.wait()
        self.assertFalse(os.path.exists(self.file))

    def test_a_symbolic_link_is_not_followed(self):
        with open(self.path("precious"), "w", encoding="ascii") as file:
            file.write("precious")
        os.symlink(self.path("precious"), self.file)
        self.refused(f"{self.file} exists and is not a regular file")
        with open(self.path("precious"), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        self.assertTrue(os.path.islink(self.file))

    def test_a_directory_and_a_fifo_are_refused(self):
        os.mkfifo(self.file)
        self.refused("is not a regular file")

    def test_a_second_name_is_refused(self):
        with open(self.file, "wb"):
            pass
        os.link(self.file, self.file + ".other")
        self.addCleanup(os.unlink, self.file + ".other")
        self.refused("is not this server's", "has 2 names")

    @unittest.skipUnless(harness.ROOT, "only root can make files of others")
    def test_a_file_of_another_user_is_refused(self):
        with open(self.file, "wb"):
            pass
        os.chown(self.file, 65534, 65534)
        self.refused("is not this server's", "belongs to uid 65534")

    def test_a_file_in_use_is_refused(self):
        self.start(f"{self.name},bytes=1M,memory=shm", directory=self.path("first"))
        inode = os.stat(self.file).st_ino
        self.refused(f"{self.file} is in use by another server")
        self.assertEqual(os.stat(self.file).st_ino, inode)

    def test_a_file_of_a_dead_server_is_replaced(self):
        server = self.start(f"{self.name},bytes=1M,memory=shm")
        survivor = self.client(self.name).join()
        with survivor.map() as memory:
            memory[:5] = b"stale"
        server.kill()
        server.wait()
        self.start(f"{self.name},bytes=2M,memory=shm")
        client = self.client(self.name).join()
        self.assertEqual(os.fstat(client.memory).st_size, 2 << 20)
        with client.map() as memory:
            self.assertEqual(memory[:5], bytes(5))
        self.assertTrue(os.path.samestat(os.fstat(client.memory), os.stat(self.file)))
        with survivor.map() as memory: # it goes on with what it has
            self.assertEqual(memory[:5], b"stale")

    def test_another_file_system_is_refused(self):
        probe = subprocess.run(["stat", "-f", "-c", "%T", self.directory], capture_output=True, text=True, check=True)
        if probe.stdout.strip() == "tmpfs":
            self.skipTest("the temporary directory is on a tmpfs")
        self.refused("is not on a tmpfs", group=f"blue,bytes=1M,memory=shm,file={self.path('region')}")

    def test_no_such_directory(self):
        self.refused("No such file or directory", group="blue,bytes=1M,memory=shm,file=/dev/shm/none/region")


@unittest.skipUnless(harness.ROOT, "only root can mount a small tmpfs")
class Full(harness.Case):
    """A tmpfs of 8 MiB that only the server sees."""

    def setUp(self):
        super().setUp()
        self.mount = self.path("small")
        os.mkdir(self.mount)
        self.inside = ["unshare", "-m", "sh", "-c",
                       f"mount -t tmpfs -o size=8M none {self.mount} && exec \"$@\"", "sh"]
        if subprocess.run([*self.inside, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this machine does not let root make a mount namespace")

    def test_a_full_file_system_is_an_error_at_the_start(self):
        result = self.command("--group", f"blue,bytes=16M,memory=shm,file={self.mount}/region", program=self.inside)
        self.assert_fails(result, f"group blue: no room for the 16777216 bytes of {self.mount}/region: No space left on "
                          "device; make its file system larger, free some of it, or ask for less")
        self.assertFalse(os.path.exists(self.run_directory))

    def test_add_tells_of_a_full_file_system(self):
        self.start(f"blue,bytes=4M,memory=shm,file={self.mount}/blue", program=self.inside)
        result = self.command("--add", f"green,bytes=8M,memory=shm,file={self.mount}/green")
        self.assert_fails(result, "group green: no room for the 8388608 bytes")
        self.assertEqual([group["name"] for group in self.status()["groups"]], ["blue"])
        result = self.command("--add", f"green,bytes=4M,memory=shm,file={self.mount}/green")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_room_that_is_lost_is_waited_for(self):
        """The owner of the file cuts it short, somebody takes the room, and the last peer leaves."""
        server = self.start(f"blue,bytes=4M,memory=shm,file={self.mount}/region", program=self.inside)
        view = f"/proc/{server.pid}/root{self.mount}"
        client = self.client().join()
        os.ftruncate(client.memory, 0)
        with open(f"{view}/filler", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 6 << 20)
        client.close()
        self.wait_for_log("No space left on device; make its file system larger, free some of it, or ask for less; trying")
        waiting = self.client()
        self.assertTrue(waiting.silent())
        self.assertEqual(self.group()["state"], "cleaning")
        os.unlink(f"{view}/filler")
        waiting.join()
        self.assertEqual(os.fstat(waiting.memory).st_blocks * 512, 4 << 20)


class HugePages(harness.Case):
    def test_none_are_free(self):
        free, page = free_huge_pages()
        if page == 0:
            self.skipTest("this machine has no huge pages")
        size = page
        while size <= free * page:
            size *= 2
        result = self.command("--group", f"blue,memory=hugetlb,bytes={size}")
        self.assert_fails(result, f"group blue: no room for {size} bytes of huge pages", "nr_hugepages")

    def test_smaller_than_a_page(self):
        page = free_huge_pages()[1]
        if page == 0:
            self.skipTest("this machine has no huge pages")
        self.assert_fails(self.command("--group", "blue,memory=hugetlb,bytes=4K"),
                          f"bytes=4096 is less than a page of this memory, {page} bytes")

    def test_file_elsewhere(self):
        self.assert_fails(self.command("--group", "blue,memory=hugetlb,bytes=2M,file=/dev/shm/weiss-test-huge"),
                          "/dev/shm/weiss-test-huge is not on a hugetlbfs")


class HugeRegion(harness.Case):
    def test_a_region_of_huge_pages(self):
        free, page = free_huge_pages()
        if page == 0 or free < 2:
            self.skipTest("no two huge pages are free: echo 8 > /proc/sys/vm/nr_hugepages")
        self.start(f"blue,memory=hugetlb,bytes={page}")
        first = self.client().join()
        self.assertEqual(os.fstat(first.memory).st_blksize, page)
        self.assertEqual(harness.seals(first.memory), SEAL_SEAL | SEAL_SHRINK | SEAL_GROW)
        with first.map() as memory:
            memory[:4] = b"soil"
        first.close()
        second = self.client().join()
        with second.map() as memory:
            self.assertEqual(memory[:4], bytes(4))
        self.assertEqual(free_huge_pages()[0], free - 1)


if __name__ == "__main__":
    harness.main()
