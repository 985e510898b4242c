"""Made-up machines: trees of the files of /proc and /sys that `weiss doctor` reads."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "command"))
import harness  # noqa: E402

CPU = "/sys/devices/system/cpu/"
NODE = "/sys/devices/system/node/"
THP = "/sys/kernel/mm/transparent_hugepage/"
NET = "/sys/class/net/"

# An AMD host with two nodes of four processors, KVM, all as it should be but where a test changes it. No guests.
GOOD_HOST = {
    "/dev/kvm": "",
    "/dev/vhost-net": "",
    "/proc/cpuinfo": "model name\t: AMD EPYC 7002\nflags\t\t: fpu svm avx2\n",
    "/proc/cmdline": "BOOT_IMAGE=/vmlinuz isolcpus=domain,1-3,5-7 nohz_full=1-3,5-7\n",
    "/proc/meminfo": "MemTotal: 67108864 kB\nMemAvailable: 33554432 kB\nSwapTotal: 0 kB\nHugePages_Total: 512\n"
                     "HugePages_Free: 512\nHugepagesize: 2048 kB\n",
    "/proc/mounts": "tmpfs /dev/shm tmpfs rw,nosuid,size=8388608k,huge=within_size 0 0\n",
    "/proc/sys/vm/overcommit_memory": "0\n",
    "/proc/sys/vm/swappiness": "60\n",
    "/proc/sys/vm/nr_hugepages": "512\n",
    CPU + "online": "0-7\n",
    CPU + "isolated": "1-3,5-7\n",
    CPU + "smt/active": "0\n",
    CPU + "smt/control": "on\n",
    CPU + "vulnerabilities/spectre_v2": "Mitigation: Retpolines\n",
    CPU + "vulnerabilities/mds": "Not affected\n",
    CPU + "cpu0/cpufreq/scaling_governor": "performance\n",
    CPU + "cpu1/cpufreq/scaling_governor": "performance\n",
    NODE + "node0/cpulist": "0-3\n",
    NODE + "node1/cpulist": "4-7\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory\n",
    "/sys/fs/cgroup/cgroup.subtree_control": "cpuset cpu\n",
    "/sys/kernel/mm/ksm/run": "0\n",
    THP + "shmem_enabled": "always within_size [advise] never deny force\n",
    "/sys/module/kvm/parameters/halt_poll_ns": "200000\n",
    "/sys/module/kvm_amd/parameters/nested": "1\n",
}

# A guest of KVM with a region and all that Weiss has.
GOOD_GUEST = {
    "/proc/cpuinfo": "model name\t: AMD EPYC 7002\nflags\t\t: fpu hypervisor avx2 avx512f\n",
    "/proc/meminfo": "MemTotal: 1048576 kB\nHugePages_Total: 0\n",
    "/proc/stat": "cpu  1000 0 500 90000 10 0 5 1 0 0\ncpu0 0\n",
    CPU + "online": "0-1\n",
    CPU + "cpuidle/current_driver": "haltpoll\n",
    CPU + "cpuidle/current_governor": "haltpoll\n",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource": "kvm-clock\n",
    "/sys/devices/system/clocksource/clocksource0/available_clocksource": "kvm-clock tsc acpi_pm \n",
    THP + "enabled": "[always] madvise never\n",
    "/sys/bus/pci/devices/0000:00:05.0/vendor": "0x1af4\n",
    "/sys/bus/pci/devices/0000:00:05.0/device": "0x1110\n",
    "/sys/bus/pci/devices/0000:00:05.0/resource":
        "0x00000000febd1000 0x00000000febd10ff 0x0000000000040200\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x0000004000000000 0x0000004003ffffff 0x000000000014220c\n",
    "/sys/bus/pci/devices/0000:00:05.0/driver": "-> ../../drivers/weiss_ivshmem",
    "/sys/bus/pci/devices/0000:00:03.0/vendor": "0x1af4\n",
    "/sys/bus/pci/devices/0000:00:03.0/device": "0x1000\n",
    "/usr/lib/x86_64-linux-gnu/weiss/openmpi/mca_btl_ivshmem.so": "",
    "/etc/openmpi/openmpi-mca-params.conf": "# comment\nbtl = ^uct,openib,ofi\npml = ^ucx\n",
    NET + "eth0/device/driver": "-> ../../../bus/virtio/drivers/virtio_net",
    NET + "eth0/queues/rx-0/rps_cpus": "0\n",
    NET + "eth0/queues/rx-1/rps_cpus": "0\n",
}

# What a compute host of OpenStack on Debian has beside: all as it should be.
GOOD_COMPUTE = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nlibvirt-qemu:x:64055:108:Libvirt:/var/lib/libvirt:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\nkvm:x:108:\nlibvirt-qemu:x:64055:libvirt-qemu\n",
    "/etc/libvirt/qemu.conf": '#user = "libvirt-qemu"\n#security_driver = "selinux"\n#namespaces = [ "mount" ]\n',
    "/etc/apparmor.d/abstractions/libvirt-qemu": "  /{dev,run}/shm r,\n  owner /{dev,run}/shm/spice.* rw,\n",
    "/etc/apparmor.d/local/abstractions/libvirt-qemu": "  # regions\n  /dev/shm/weiss-agent-* rw,\n",
    "/sys/module/apparmor/parameters/enabled": "Y\n",
    "/run/libvirt/libvirt-sock": "",
    "/var/lib/dpkg/status": "Package: libvirt-clients\nVersion: 8.0.0-1\n\nPackage: libvirt-daemon\n"
                            "Status: install ok installed\nMaintainer: somebody\nArchitecture: all\nDescription: a daemon\n"
                            "Version: 9.0.0-4+deb12u2\n",
    "/var/cache/libvirt/qemu/capabilities/a.xml": "<qemuCaps>\n  <flag name='ivshmem-plain'/>\n"
                                                  "  <flag name='ivshmem-doorbell'/>\n  <arch>x86_64</arch>\n</qemuCaps>\n",
    "/usr/sbin/weiss-agentd": "",
    "/run/weiss-agent/control": "",
    "/etc/weiss/agent.conf": "[share]\nflavors = hpc.*\ntotal = 2 GiB\n[openstack]\nauth_url = http://c:5000/v3\n"
                             "credential_id = 12\n",
    "/etc/nova/nova.conf": "[DEFAULT]\nreserved_host_memory_mb = 2560\nresume_guests_state_on_host_boot = True\n"
                           "[compute]\ncpu_dedicated_set = 1-3,5-7\ncpu_shared_set = 0\n"
                           "[libvirt]\nnum_pcie_ports = 16\nvirt_type = qemu\n[vnc]\nvirt_type = none\n",
    "/etc/nova/nova-compute.conf": "[DEFAULT]\ncompute_driver=libvirt.LibvirtDriver\n[libvirt]\nvirt_type=kvm\n",
    "/proc/sys/kernel/hostname": "node-7\n",
}


def guest(pid, name, vcpus, others=("0",), extra=None):
    """Files of a QEMU process: `vcpus` and `others` are where its threads may run."""
    start = f"{pid} (qemu) S " + " ".join(["1"] * 18) + " 4711 0\n"
    files = {f"/proc/{pid}/comm": "qemu-system-x86\n",
             f"/proc/{pid}/cmdline": f"/usr/bin/qemu-system-x86_64\0-name\0guest={name},debug-threads=on\0-m\0512\0",
             f"/proc/{pid}/status": "Name: qemu\nVmSwap: 0 kB\nHugetlbPages: 524288 kB\n",
             f"/proc/{pid}/cgroup": "0::/user.slice\n"}
    threads = [(f"CPU {i}/KVM", cpus) for i, cpus in enumerate(vcpus)]
    threads = [("qemu-system-x86", cpus) for cpus in others[:1]] + threads + [("IO mon_iothread", c) for c in others[1:]]
    for i, (thread, cpus) in enumerate(threads):
        task = f"/proc/{pid}/task/{pid + i}/"
        files |= {task + "comm": thread + "\n", task + "status": f"Name: x\nCpus_allowed_list:\t{cpus}\n",
                  task + "stat": start}
    return files | (extra or {})


class Case(harness.Case):
    """A test with a made-up machine."""

    def make(self, *parts, without=()):
        """Writes the machine of some dictionaries; a text "-> X" is a link."""
        files = {}
        for part in parts:
            files |= part
        for name, text in files.items():
            path = self.path("root") + name
            if name in without:
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if text.startswith("-> "):
                os.symlink(text[3:], path)
            else:
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text)

    def command(self, *words, code=0):
        result = self.weiss(*words, env={"WEISS_TUNING_ROOT": self.path("root")})
        self.assert_done(result, code)
        return result

    def doctor(self, side="--host", code=None):
        """What is said of each step, by name."""
        result = self.weiss("doctor", side, "--json", env={"WEISS_TUNING_ROOT": self.path("root")})
        steps = {step["step"]: step for step in json.loads(result.stdout)}
        bad = any(step["verdict"] == "bad" for step in steps.values())
        self.assertEqual(result.returncode, 3 if bad else 0, result.stderr)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stdout)
        return steps

    def judge(self, step, verdict, *words, side="--host"):
        """The step has this verdict, and its text these words. @return what is said of it"""
        said = self.doctor(side)[step]
        self.assertEqual(said["verdict"], verdict, said)
        for word in words:
            self.assertIn(word, said["seen"])
        return said

    def file(self, name):
        with open(self.path("root") + name, encoding="utf-8") as file:
            return file.read()
