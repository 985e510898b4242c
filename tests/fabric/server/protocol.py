"""The protocol, byte for byte: who is told what, in which order, and what the file descriptors do."""
import os
import select
import struct

import harness


def rung(fd):
    return bool(select.select([fd], [], [], 0)[0])


class Protocol(harness.Case):
    def test_one_peer(self):
        self.start("blue,bytes=1M,vectors=3")
        client = self.client()
        self.assertEqual(client.message(), (bytes(8), None))
        self.assertEqual(client.message(), (bytes(8), None))
        data, memory = client.message()
        self.assertEqual(data, b"\xff" * 8)
        self.assertEqual(os.fstat(memory).st_size, 1 << 20)
        for _ in range(3):
            data, fd = client.message()
            self.assertEqual(data, bytes(8))
            self.assertIn("eventfd", os.readlink(f"/proc/self/fd/{fd}"))
        self.assertTrue(client.silent())

    def test_numbers_are_little_endian(self):
        self.start("blue,bytes=1M,vectors=1")
        for _ in range(258):
            client = self.client().join()
            client.close()
        client = self.client()
        client.message()
        self.assertEqual(client.message(), (b"\x02\x01" + bytes(6), None))

    def test_two_peers(self):
        self.start("blue,bytes=1M,vectors=2")
        first = self.client().join()
        first.vectors(0, 2)
        second = self.client().join()
        self.assertEqual((first.id, second.id), (0, 1))
        second.vectors(0, 2)
        second.vectors(1, 2)
        first.vectors(1, 2)
        self.assertTrue(first.silent() and second.silent())

    def test_three_peers_are_told_in_order(self):
        self.start("blue,bytes=1M,vectors=1")
        clients = [self.client().join() for _ in range(3)]
        for number in (0, 1, 2):
            clients[2].vectors(number, 1)
        self.assertTrue(clients[2].silent())
        for reader in (0, 1):
            for number in (0, 1, 2):
                clients[reader].vectors(number, 1)

    def test_doorbells_ring(self):
        self.start("blue,bytes=1M,vectors=3")
        first = self.client().join()
        own = first.vectors(0, 3)
        second = self.client().join()
        to_first, of_second = second.vectors(0, 3), second.vectors(1, 3)
        to_second = first.vectors(1, 3)
        for bells, ears in ((to_first, own), (to_second, of_second)):
            for vector in range(3):
                os.write(bells[vector], struct.pack("=Q", 1))
                self.assertEqual([rung(fd) for fd in ears], [v == vector for v in range(3)])
                self.assertEqual(os.eventfd_read(ears[vector]), 1)
        self.assertFalse(any(rung(fd) for fd in own + of_second))

    def test_leaving(self):
        self.start("blue,bytes=1M,vectors=2")
        clients = [self.client().join() for _ in range(3)]
        for client in clients:
            for number in (0, 1, 2):
                client.vectors(number, 2)
        clients[1].close()
        clients[0].expect(1)
        clients[2].expect(1)
        clients[2].close()
        clients[0].expect(2)
        self.assertTrue(clients[0].silent())

    def test_numbers_are_not_given_again(self):
        self.start("blue,bytes=1M,vectors=1,peers=2")
        stays = self.client().join()
        stays.vectors(0, 1)
        for number in range(1, 40):
            client = self.client().join()
            self.assertEqual(client.id, number)
            stays.vectors(number, 1)
            client.close()
            stays.expect(number)

    def test_memory_is_shared(self):
        self.start("blue,bytes=1M", "green,bytes=1M")
        first, second, other = self.client().join(), self.client().join(), self.client("green").join()
        with first.map() as a, second.map() as b, other.map() as c:
            a[4096:4100] = b"here"
            self.assertEqual(b[4096:4100], b"here")
            self.assertEqual(c[4096:4100], bytes(4))
        self.assertEqual(other.id, 0)

    def test_a_slow_reader_gets_a_consistent_story(self):
        """A peer reads only after many have come and gone, some of them in the middle of being announced."""
        vectors = 100
        self.start(f"blue,bytes=1M,vectors={vectors},peers=8")
        slow = self.client()
        left = []
        for _ in range(30):
            client = self.client().join()
            left.append(client.id)
            client.close()
            self.wait_for_peers(1)
        stays = self.client().join()
        slow.join()
        heard = {}
        while heard.get(stays.id) != vectors:
            number, fd = slow.number()
            if fd is None:
                self.assertIn(number, heard, f"{number} left before it joined")
                del heard[number]
            else:
                heard[number] = heard.get(number, 0) + 1
                self.assertLessEqual(heard[number], vectors)
        self.assertEqual(heard, {slow.id: vectors, stays.id: vectors})
        self.assertTrue(slow.silent())
        self.assertTrue(set(left).isdisjoint(heard))


class Release(harness.Case):
    def soil(self, client):
        with client.map() as memory:
            memory[:] = b"\xa5" * len(memory)

    def test_memory_stays_while_one_is_there(self):
        self.start("blue,bytes=1M")
        first, second = self.client().join(), self.client().join()
        self.soil(first)
        first.close()
        self.wait_for_peers(1)
        third = self.client().join()
        with third.map() as memory:
            self.assertEqual(memory[:], b"\xa5" * (1 << 20))
        second.close()

    def test_the_next_tenant_finds_zeros(self):
        for kind in ("memfd", "shm"):
            with self.subTest(kind):
                name = f"{kind}-{os.getpid()}"
                server = self.start(f"{name},bytes=32M,memory={kind}", directory=self.path(kind))
                path = self.path(kind, f"{name}.sock")
                first = harness.Client(path).join()
                self.soil(first)
                kept = os.dup(first.memory)
                first.close()
                second = harness.Client(path).join()
                with second.map() as memory:
                    self.assertEqual(memory.find(b"\xa5"), -1)
                self.assertEqual(os.fstat(second.memory).st_blocks * 512, 32 << 20, "not all is allocated")
                same = os.fstat(kept).st_ino == os.fstat(second.memory).st_ino
                self.assertEqual(same, kind == "shm")
                # What the first tenant kept does not reach the second, and tells nothing any more.
                self.assertEqual(os.pread(kept, 1 << 25, 0).count(0), 1 << 25)
                os.close(kept)
                second.close()
                server.terminate()
                server.wait()

    def test_the_last_reader_gets_zeros_at_the_end(self):
        server = self.start("blue,bytes=32M")
        client = self.client().join()
        self.soil(client)
        server.terminate()
        self.assertEqual(server.wait(harness.PATIENCE), 0)
        self.assertEqual(os.pread(client.memory, 1 << 25, 0).count(0), 1 << 25)
        self.assertTrue(client.ended())


if __name__ == "__main__":
    harness.main()
