"""A server of QEMU's ivshmem protocol, version 0, for the guests of guest.py: one region, any number of peers."""
import array
import mmap
import os
import socket
import struct
import threading


class Server(threading.Thread):
    """Serves until it is closed. `memory` is the region."""

    def __init__(self, path, size, vectors):
        super().__init__(daemon=True)
        self.vectors = vectors
        self.region = os.memfd_create("weiss-test")
        os.ftruncate(self.region, size)
        self.memory = mmap.mmap(self.region, size)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen()
        self.peers = {}  # number: (connection, event descriptors)
        self.lock = threading.Lock()
        self.start()

    @staticmethod
    def send(connection, number, descriptor=None):
        rights = [] if descriptor is None else [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            connection.sendmsg([struct.pack("<q", number)], rights)
        except OSError:
            pass  # it has gone; its own thread sees that too

    def run(self):
        number = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.join_peer(number, connection)
            threading.Thread(target=self.attend, args=(number, connection), daemon=True).start()
            number += 1

    def join_peer(self, number, connection):
        events = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(self.vectors)]
        with self.lock:
            self.send(connection, 0)  # version of the protocol
            self.send(connection, number)
            self.send(connection, -1, self.region)
            for other, (_, theirs) in self.peers.items():
                for event in theirs:
                    self.send(connection, other, event)
            self.peers[number] = (connection, events)
            for other, _ in self.peers.values():
                for event in events:
                    self.send(other, number, event)

    def attend(self, number, connection):
        try:
            while connection.recv(64):
                pass
        except OSError:
            pass
        with self.lock:
            _, events = self.peers.pop(number)
            for other, _ in self.peers.values():
                self.send(other, number)
        for event in events:
            os.close(event)
        connection.close()

    def close(self):
        self.listener.close()
