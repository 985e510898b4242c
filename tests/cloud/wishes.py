"""What tests see of the processors and the memory of a machine: in /proc of its QEMU. Huge pages for the time of a test."""
import glob
import os

PAGES = "/proc/sys/vm/nr_hugepages"


def cpus():
    """Two processors of this machine, or its only one."""
    return sorted(os.sched_getaffinity(0))[:2]


class Pages:
    """Huge pages of this machine for the time of a test."""

    def __init__(self, wanted):
        with open(PAGES, encoding="utf-8") as file:
            self.before = int(file.read())
        self.write(self.before + wanted)
        with open(PAGES, encoding="utf-8") as file:
            self.there = int(file.read()) >= self.before + wanted

    def write(self, number):
        with open(PAGES, "w", encoding="utf-8") as file:
            file.write(str(number))

    def close(self):
        self.write(self.before)


def field(path, name):
    """Values of the lines NAME: VALUE of a file."""
    with open(path, encoding="utf-8") as file:
        return [line.split()[1] for line in file if line.startswith(name + ":")]


def threads(pid):
    """Where the threads of a QEMU may run: those of vCPUs by number, and all others."""
    vcpus, others = {}, []
    for task in glob.glob(f"/proc/{pid}/task/*"):
        with open(task + "/comm", encoding="utf-8") as file:
            name = file.read()
        allowed = field(task + "/status", "Cpus_allowed_list")[0]
        if name.startswith("CPU "):
            vcpus[int(name.split("/")[0][4:])] = allowed
        else:
            others.append(allowed)
    return vcpus, others


def huge(pid):
    """MiB in huge pages that a process has."""
    return int(field(f"/proc/{pid}/status", "HugetlbPages")[0]) // 1024


def mappings(pid):
    """MiB of each of its mappings that is made of pages of 2 MiB, also where none has been touched."""
    path = f"/proc/{pid}/smaps"
    return sorted(int(size) // 1024 for size, page in zip(field(path, "Size"), field(path, "KernelPageSize")) if page == "2048")


def policies(pid):
    """Where the pages of its huge memory have to be."""
    with open(f"/proc/{pid}/numa_maps", encoding="utf-8") as file:
        return {line.split()[1] for line in file if " huge " in line}
