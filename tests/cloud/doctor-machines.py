"""Judgement of `weiss doctor` on made-up machines."""
import json
import os
import subprocess
import unittest

from machines import CPU, GOOD_COMPUTE, GOOD_GUEST, GOOD_HOST, NET, NODE, THP, Case, guest

KVM_LESS = ("/dev/kvm",)


class Host(Case):
    def test_a_good_host_has_nothing_to_do(self):
        self.make(GOOD_HOST, guest(100, "a", ["1", "2"]))
        steps = self.doctor(code=0)
        self.assertEqual(len(steps), 20)
        for name in ("kvm", "pinning", "numa", "region", "isolation", "hugepages", "swap", "shmem", "governor", "smt",
                     "halt-poll", "interrupts", "vhost", "ksm", "kernel-line"):
            self.assertEqual(steps[name]["verdict"], "good", steps[name])

    def test_what_is_to_do_comes_first_by_weight(self):
        self.make(GOOD_HOST, {"/sys/kernel/mm/ksm/run": "1\n"}, without=KVM_LESS)
        steps = list(self.doctor(code=3).values())
        self.assertEqual([step["step"] for step in steps[:2]], ["kvm", "ksm"])
        self.assertEqual(steps[0]["advice"], "modprobe kvm_amd")
        self.assertEqual(steps[1]["commands"], ["echo 2 > /sys/kernel/mm/ksm/run"])
        order = [("bad", "unknown", "info", "good", "absent").index(step["verdict"]) for step in steps]
        self.assertEqual(order, sorted(order))

    def test_text(self):
        self.make(GOOD_HOST, {"/sys/kernel/mm/ksm/run": "1\n"})
        text = self.command("doctor", "--host", code=3).stdout
        self.assertTrue(text.startswith("This machine as a host: 1 to do, "), text)
        self.assertIn("""
to do  ksm: the kernel does not merge equal pages
    seen  equal pages are merged
    in    /sys/kernel/mm/ksm/run
    why   Merging scans guests' memory all the time, and the first write to a merged
          page is a fault.
    do    weiss tune ksm
    or    echo 2 > /sys/kernel/mm/ksm/run
""", text)
        self.assertNotIn("\033", text)

    def test_sides_are_guessed(self):
        self.make(GOOD_HOST)
        self.assertIn("as a host:", self.command("doctor").stdout)

    def test_nested_kvm_is_missing(self):
        self.make(GOOD_HOST, {"/proc/cpuinfo": "flags\t: fpu hypervisor avx2\n"}, without=KVM_LESS)
        self.assertIn("on the host below", self.judge("kvm", "bad", "a virtual one")["advice"])

    def test_pinning(self):
        cases = ((["0-7", "2"], ["0"], "bad", "vCPU 0 may run on 8 processors, 0-7"),
                 (["1", "1"], ["0"], "bad", "vCPU 1 shares processor 1 with another vCPU"),
                 (["1", "2"], ["0", "0-7"], "bad", "emulator thread 103 may run on 0-7, where vCPUs are"),
                 ([], ["0-7"], "unknown", "its threads have no names"),
                 (["1", "2"], ["0", "4"], "good", "2 vCPUs of 1 virtual machines"))
        for vcpus, others, verdict, text in cases:
            with self.subTest(text):
                self.setUp()
                self.make(GOOD_HOST, guest(100, "a", vcpus, others))
                self.judge("pinning", verdict, text)

    def test_two_guests_on_one_processor(self):
        self.make(GOOD_HOST, guest(100, "a", ["1"]), guest(200, "b", ["1"]))
        said = self.judge("pinning", "bad", "b (process 200)")
        self.assertEqual(said["file"], "/proc/200/task/201/status")
        self.assertEqual(said["commands"], ["taskset -pc 4 101", "taskset -pc 7 100", "taskset -pc 7 200"])

    def test_pinning_keeps_to_a_node_and_off_processor_0(self):
        self.make(GOOD_HOST, guest(100, "a", ["0-7"] * 3, ["0-7"]), guest(200, "b", ["0-7"] * 2, ["0-7"]))
        commands = self.judge("pinning", "bad")["commands"]
        # Node 1 has four free processors and node 0 three: the first guest goes there, the second to node 0.
        self.assertEqual(commands, ["taskset -pc 4 101", "taskset -pc 5 102", "taskset -pc 6 103", "taskset -pc 7 100",
                                    "taskset -pc 1 201", "taskset -pc 2 202", "taskset -pc 7 200"])

    def test_pinning_prefers_whole_cores(self):
        siblings = {f"{CPU}cpu{i}/topology/thread_siblings_list": f"{i % 4},{i % 4 + 4}\n" for i in range(8)}
        self.make(GOOD_HOST, siblings, {NODE + "node0/cpulist": "0-7\n"}, guest(100, "a", ["0-7"] * 3, ["0-7"]),
                  without=(NODE + "node1/cpulist",))
        commands = self.judge("pinning", "bad")["commands"]
        self.assertEqual(commands[:3], ["taskset -pc 1 101", "taskset -pc 2 102", "taskset -pc 3 103"])

    def test_more_vcpus_than_processors(self):
        self.make(GOOD_HOST, guest(100, "a", ["0-7"] * 8))
        self.assertIn("there are 8 vCPUs and 8 processors", self.judge("pinning", "bad")["refused"])

    def test_hub_is_no_guest(self):
        self.make(GOOD_HOST, guest(100, "hub", [], ["0-7"],
                                   {"/proc/100/cmdline": "qemu-system-x86_64\0-name\0hub\0-machine\0none\0"}))
        self.judge("pinning", "absent", "no virtual machine runs")

    def test_numa(self):
        maps = "7f0 default file=/dev/shm/region shared N{}=1000 kernelpagesize_kB=4\n" \
               "7f1 default anon=3 N{}=10 N{}=1 kernelpagesize_kB=2048\n"
        for numbers, verdict, text in (((0, 0, 0), "good", "together"),
                                       ((1, 0, 0), "bad", "0 % of its memory and 100 % of its region are elsewhere"),
                                       ((0, 0, 1), "bad", "vCPUs on node 0; 9 % of its memory")):
            with self.subTest(text):
                self.setUp()
                self.make(GOOD_HOST, guest(100, "a", ["1", "2"], extra={"/proc/100/numa_maps": maps.format(*numbers)}))
                said = self.judge("numa", verdict, text)
                if verdict == "bad":
                    self.assertEqual(said["advice"], "migratepages 100 1 0")

    def test_numa_over_two_nodes(self):
        self.make(GOOD_HOST, guest(100, "a", ["1", "5"]))
        self.judge("numa", "bad", "a (process 100): its vCPUs may run on 2 nodes")

    def test_one_node(self):
        self.make(GOOD_HOST, guest(100, "a", ["1", "5"]), without=(NODE + "node1/cpulist",))
        self.judge("numa", "absent", "one NUMA node")

    def test_region(self):
        cases = (("rw,size=65536k", "bad", "64 MiB, of which"), ("rw,size=50%", "good", "32768 MiB"),
                 ("rw", "good", "32768 MiB"), ("rw,size=1g", "good", "1024 MiB"))
        for options, verdict, text in cases:
            with self.subTest(options):
                self.setUp()
                self.make(GOOD_HOST, {"/proc/mounts": f"tmpfs /dev/shm tmpfs {options} 0 0\n"})
                self.judge("region", verdict, text)

    def test_region_counts_what_files_may_grow_to(self):
        self.make(GOOD_HOST, {"/dev/shm/weiss-lab": ""})
        with open(self.path("root/dev/shm/weiss-lab"), "wb") as file:
            file.truncate(8 << 30)
        said = self.judge("region", "bad", "8192 MiB, of which regions and other files have 8192 MiB")
        self.assertEqual(said["commands"], ["mount -o remount,size=16777216k /dev/shm"])

    def test_no_shm(self):
        self.make(GOOD_HOST, {"/proc/mounts": ""})
        self.judge("region", "bad", "/dev/shm is not mounted")

    def test_isolation(self):
        self.make(GOOD_HOST, {CPU + "isolated": "\n"}, guest(100, "a", ["1", "2"], ["3"]))
        said = self.judge("isolation", "bad", "no processor is isolated")
        self.assertEqual(said["commands"], ["mkdir /sys/fs/cgroup/weiss-isolated",
                                            "echo 1-3 > /sys/fs/cgroup/weiss-isolated/cpuset.cpus",
                                            "echo isolated > /sys/fs/cgroup/weiss-isolated/cpuset.cpus.partition",
                                            "echo 100 > /sys/fs/cgroup/weiss-isolated/cgroup.procs"])

    def test_isolation_leaves_the_machine_a_processor(self):
        self.make(GOOD_HOST, {CPU + "isolated": "\n"}, guest(100, "a", ["1", "2"], ["0-7"]))
        self.assertEqual(self.judge("isolation", "bad")["refused"],
                         "processors 0-7 are all that this machine has; leave it one at least")

    def test_isolation_needs_version_2(self):
        self.make(GOOD_HOST, {CPU + "isolated": "\n", "/sys/fs/cgroup/cgroup.controllers": "hugetlb\n"},
                  guest(100, "a", ["1"]))
        self.judge("isolation", "unknown", "without the controller cpuset")

    def test_kernel_line(self):
        self.make(GOOD_HOST, {CPU + "isolated": "\n"})
        self.judge("kernel-line", "bad", 'isolcpus=domain,1-3,5-7 was asked for; processors "" are isolated')
        self.make({"/proc/cmdline": "quiet\n"}, guest(100, "a", ["1", "2"]))
        said = self.judge("kernel-line", "info")
        self.assertIn("isolcpus=1-2 nohz_full=1-2 rcu_nocbs=1-2", said["advice"])

    def test_hugepages(self):
        memory = GOOD_HOST["/proc/meminfo"].replace("512", "0")
        self.make(GOOD_HOST, {"/proc/meminfo": memory, "/proc/sys/vm/nr_hugepages": "0\n"})
        self.assertEqual(self.judge("hugepages", "bad")["commands"], ["echo 4096 > /proc/sys/vm/nr_hugepages"])
        self.make(guest(100, "a", ["1"]))
        self.judge("hugepages", "good", "guests use 512 MiB of them")

    def test_hugepages_of_each_node(self):
        sizes = {f"{NODE}node{n}/hugepages/hugepages-2048kB/{what}_hugepages": f"{count}\n"
                 for n, what, count in ((0, "nr", 500), (0, "free", 3), (1, "nr", 12), (1, "free", 12))}
        self.make(GOOD_HOST, sizes)
        self.judge("hugepages", "good", "node0: 3 free of 500; node1: 12 free of 12")

    def test_shared_memory(self):
        for setting, mount, verdict, count in (("never", "never", "bad", 2), ("advise", "never", "bad", 1),
                                               ("advise", "always", "good", 0), ("force", "never", "good", 0),
                                               ("deny", "always", "bad", 1)):
            with self.subTest(setting + mount):
                self.setUp()
                self.make(GOOD_HOST, {THP + "shmem_enabled": f"x [{setting}] y\n",
                                      "/proc/mounts": f"tmpfs /dev/shm tmpfs rw,size=1g,huge={mount} 0 0\n"})
                self.assertEqual(len(self.judge("shmem", verdict)["commands"]), count)

    def test_swap(self):
        self.make(GOOD_HOST, {"/proc/meminfo": "SwapTotal: 4194304 kB\n"}, guest(100, "a", ["1"]))
        self.assertEqual(self.judge("swap", "bad", "4096 MiB of swap, swappiness 60")["commands"],
                         ["echo 1 > /proc/sys/vm/swappiness"])
        self.make({"/proc/100/status": "VmSwap:\t  2048 kB\n"})
        self.judge("swap", "bad", "a (process 100) has 2048 KiB in the swap")
        self.make({"/proc/sys/vm/overcommit_memory": "2\n"})
        self.judge("swap", "bad", "strictly (2)")

    def test_governor(self):
        self.make(GOOD_HOST, {CPU + "cpu1/cpufreq/scaling_governor": "schedutil\n"})
        said = self.judge("governor", "bad", "the governor is schedutil")
        self.assertEqual(said["commands"], [f"echo performance > {CPU}cpu1/cpufreq/scaling_governor"])

    def test_threads_of_a_core(self):
        siblings = {f"{CPU}cpu{i}/topology/thread_siblings_list": f"{i // 2 * 2}-{i // 2 * 2 + 1}\n" for i in range(8)}
        active = {CPU + "smt/active": "1\n", CPU + "isolated": "\n"}
        self.make(GOOD_HOST, active, siblings, guest(100, "a", ["2", "4"]))
        self.judge("smt", "info")
        self.make(guest(100, "a", ["2", "3"]))
        said = self.judge("smt", "bad", "processors 2 and 3, which vCPUs have, are one core")
        self.assertEqual(said["commands"], [f"echo off > {CPU}smt/control"])

    def test_halt_polling(self):
        self.make(GOOD_HOST, {"/sys/module/kvm/parameters/halt_poll_ns": "0\n"})
        self.judge("halt-poll", "bad", "at most 0 ns")

    def test_interrupts(self):
        self.make(GOOD_HOST, {"/proc/irq/24/smp_affinity_list": "0-7\n", "/proc/irq/25/smp_affinity_list": "0\n",
                              "/proc/77/comm": "irqbalance\n"})
        said = self.judge("interrupts", "bad", "1 interrupts may come to processors 1-3,5-7", "irqbalance runs")
        self.assertEqual(said["file"], "/proc/irq/24/smp_affinity_list")
        self.assertIn("IRQBALANCE_BANNED_CPULIST=1-3,5-7", said["advice"])

    def test_vhost(self):
        self.make(GOOD_HOST, without=("/dev/vhost-net",))
        self.assertEqual(self.judge("vhost", "bad")["commands"], ["modprobe vhost_net"])

    def test_network(self):
        taps = {NET + "br0/bridge/stp_state": "0\n", NET + "br0/mtu": "1500\n", NET + "br0/brif/tap0/port_no": "1\n",
                NET + "tap0/tun_flags": "0x1002\n", NET + "tap0/mtu": "1500\n", NET + "tap0/master": "-> ../br0"}
        self.make(GOOD_HOST, taps, guest(100, "a", ["1", "2"]))
        self.judge("bridge", "good", "1 taps")
        self.judge("multiqueue", "bad", "tap0 has one queue; the largest virtual machine has 2 vCPUs")
        self.assertEqual(self.judge("mtu", "bad", "br0, a bridge between 1 guests only: MTU 1500")["commands"],
                         ["echo 9000 > /sys/class/net/tap0/mtu", "echo 9000 > /sys/class/net/br0/mtu"])
        self.make({NET + "tap0/tun_flags": "0x1102\n", NET + "eth0/device/vendor": "x", NET + "eth0/mtu": "1500\n",
                   NET + "br0/brif/eth0/port_no": "2\n"})
        self.judge("multiqueue", "good")
        self.judge("mtu", "good", "as its network has it")
        self.make({NET + "tap0/mtu": "9000\n"})
        self.judge("mtu", "bad", "br0: MTU 1500, but its port tap0: MTU 9000")

    def test_open_vswitch(self):
        self.make(GOOD_HOST, {NET + "tap0/tun_flags": "0x1002\n", NET + "tap0/master": "-> ../ovs-system"})
        self.judge("bridge", "bad", "tap0 is on Open vSwitch")

    def test_only_told(self):
        self.make(GOOD_HOST)
        self.judge("mitigations", "info", "1 mitigations are on, 0 vulnerabilities are open")
        self.judge("nested", "info", "guests can use KVM themselves")

    def test_an_empty_machine_does_not_crash(self):
        self.make({"/proc/cpuinfo": ""})
        self.assertEqual(len(self.doctor("--host")), 20)
        self.assertEqual(len(self.doctor("--guest")), 10)


class Guest(Case):
    def judge(self, step, verdict, *words, side="--guest"):
        return super().judge(step, verdict, *words, side=side)

    def test_a_good_guest_has_nothing_to_do(self):
        self.make(GOOD_GUEST)
        steps = self.doctor("--guest", code=0)
        self.assertEqual(len(steps), 10)
        self.assertEqual({step["verdict"] for step in steps.values()}, {"good"}, steps)
        self.assertIn("64 MiB", steps["ivshmem"]["seen"])

    def test_sides_are_guessed(self):
        self.make(GOOD_GUEST)
        self.assertIn("as a guest:", self.command("doctor").stdout)
        self.make({"/dev/kvm": ""})
        self.assertIn("as a host and a guest:", self.command("doctor", code=3).stdout)

    def test_no_device(self):
        self.make(GOOD_GUEST, {"/sys/bus/pci/devices/0000:00:05.0/device": "0x1111\n"})
        self.judge("ivshmem", "bad", "1af4:1110")
        self.judge("mapping", "absent")

    def test_mapping(self):
        device = "/sys/bus/pci/devices/0000:00:05.0/"
        self.make(GOOD_GUEST, without=(device + "driver",))
        self.assertIn("modprobe weiss_ivshmem", self.judge("mapping", "bad", "sysfs maps it uncached")["advice"])
        self.make({device + "driver": "-> ../../drivers/vfio-pci", "/sys/module/weiss_ivshmem/version": "1"})
        self.assertEqual(self.judge("mapping", "bad", "vfio-pci maps it uncached")["advice"],
                         f"echo 0000:00:05.0 > {device}driver/unbind\n"
                         "echo 0000:00:05.0 > /sys/bus/pci/drivers/weiss_ivshmem/bind")

    def test_open_mpi(self):
        for lines, verdict in (("btl = self,vader,tcp\n", "bad"), ("btl = self,ivshmem\n", "good"),
                               ("btl = ^tcp,ivshmem\n", "bad"), ("pml=ucx\n", "bad"), ("pml = ob1 # x\n", "good"),
                               ("btl_tcp_if_include = eth0\n", "good"), ("# btl = tcp\n", "good")):
            with self.subTest(lines):
                self.setUp()
                self.make(GOOD_GUEST, {"/etc/openmpi/openmpi-mca-params.conf": lines})
                self.judge("openmpi", verdict)

    def test_no_component(self):
        self.make(GOOD_GUEST, without=("/usr/lib/x86_64-linux-gnu/weiss/openmpi/mca_btl_ivshmem.so",))
        self.judge("component", "bad", "not installed")

    def test_single_steps(self):
        clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        cases = (("steal", {"/proc/stat": "cpu  1000 0 500 90000 10 0 5 100\n"}, "bad", "6.2 %"),
                 ("clocksource", {clock: "acpi_pm\n"}, "bad", "the clock is acpi_pm"),
                 ("cpu-flags", {"/proc/cpuinfo": "model name\t: QEMU Virtual CPU\nflags\t: hypervisor sse2\n"}, "bad",
                  "QEMU Virtual CPU, without AVX2"),
                 ("guest-hugepages", {THP + "enabled": "always [madvise] never\n"}, "bad", "madvise"),
                 ("guest-hugepages", {THP + "enabled": "[never]\n", "/proc/meminfo": "HugePages_Total: 8\n"}, "good", "8"),
                 ("queues", {CPU + "online": "0-3\n"}, "bad", "eth0 has 2 queues for 4 vCPUs"),
                 ("haltpoll", {CPU + "cpuidle/current_driver": "none\n"}, "bad", "the driver is none"))
        for step, files, verdict, text in cases:
            with self.subTest(step):
                self.setUp()
                self.make(GOOD_GUEST, files)
                self.judge(step, verdict, text)

    def test_json_is_whole(self):
        self.make(GOOD_GUEST)
        for step in json.loads(self.command("doctor", "--json").stdout):
            self.assertEqual(set(step), {"step", "side", "verdict", "weight", "title", "why", "seen", "file", "advice",
                                         "commands"})
            self.assertTrue(step["why"].endswith("."), step)


NOVA = "/etc/nova/nova.conf"
AGENT = "/etc/weiss/agent.conf"
RULES = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
QEMU = "/etc/libvirt/qemu.conf"
NOTES = "/var/cache/libvirt/qemu/capabilities/a.xml"


class Compute(Case):
    def check(self, step, cases):
        """Cases of (files that differ, files that are not there, verdict, what is seen, what is advised; "": nothing)."""
        for files, without, verdict, seen, advice in cases:
            with self.subTest(step=step, seen=seen):
                self.setUp()
                self.make(GOOD_HOST, GOOD_COMPUTE, files, without=without)
                said = self.judge(step, verdict, seen, side="--openstack")
                self.assertIn(advice, said["advice"])
                self.assertEqual(said["advice"] == "", advice == "", said)
                self.assertEqual((said["side"], said["commands"]), ("openstack", []))

    def test_a_good_host_has_nothing_to_do(self):
        self.make(GOOD_HOST, GOOD_COMPUTE)
        steps = self.doctor("--openstack", code=0)
        self.assertEqual(len(steps), 15)
        for name, step in steps.items():
            self.assertEqual(step["verdict"], "info" if name == "migration" else "good", step)

    def test_only_when_asked_for(self):
        self.make(GOOD_HOST, GOOD_COMPUTE)
        self.assertFalse({"libvirt", "agent"} & set(self.doctor("--host")))
        text = self.command("doctor", "--host", "--openstack").stdout
        self.assertTrue(text.startswith("This machine as a host and a compute host of OpenStack: 0 to do"), text)

    def test_host_without_nova(self):
        self.make(GOOD_HOST, GOOD_COMPUTE, without=(NOVA, "/etc/nova/nova-compute.conf"))
        steps = self.doctor("--openstack", code=0)
        for name in ("root-ports", "nova-host", "reserved-memory", "virt-type", "dedicated-cpus", "instance-pages", "resume"):
            self.assertEqual(steps[name]["verdict"], "absent", steps[name])

    def test_libvirt(self):
        version = "Package: libvirt-daemon\nStatus: install ok installed\nMaintainer: somebody\nArchitecture: all\n" \
                  "Description: a daemon\nVersion: {}\n"
        self.check("libvirt", (
            ({}, (), "good", "its version is 9.0.0", ""),
            ({"/var/lib/dpkg/status": version.format("8.0.0-1ubuntu7")}, (), "info", "8.0.0, older than 9.0", ""),
            ({"/var/lib/dpkg/status": version.format("10.10.0-1")}, (), "good", "its version is 10.10.0", ""),
            ({}, ("/var/lib/dpkg/status",), "info", "its version is not known", ""),
            ({"/run/libvirt/virtqemud-sock": ""}, ("/run/libvirt/libvirt-sock",), "good", "libvirt answers", ""),
            ({}, ("/run/libvirt/libvirt-sock",), "bad", "libvirt does not run", "systemctl start libvirtd")))

    def test_qemu(self):
        self.check("qemu-ivshmem", (
            ({NOTES: "<flag name='ivshmem-plain'/><arch>x86_64</arch>"}, (), "good", "but not ivshmem-doorbell", ""),
            ({NOTES: "<flag name='ivshmem-plain'/><arch>aarch64</arch>"}, (), "unknown", "neither", "-device help"),
            ({NOTES: "<flag name='vhost'/><arch>x86_64</arch>"}, (), "bad", "no device ivshmem-plain", "Debian's"),
            ({}, (NOTES,), "unknown", "neither a QEMU", "-device help")))

    def test_group(self):
        passwd = {"/etc/passwd": "libvirt-qemu:x:64055:64055::/:/bin/false\nqemu:x:107:107::/:/bin/false\n"}
        self.check("region-group", (
            (passwd | {"/etc/group": "kvm:x:108:a,libvirt-qemu\n"}, (), "good", "libvirt-qemu, which is in the group kvm", ""),
            (passwd, (), "bad", "libvirt-qemu, which is not in the group kvm", "usermod -aG kvm libvirt-qemu"),
            ({"/etc/passwd": "qemu:x:107:107::/:/bin/false\n"}, (), "bad", "qemu, which is not in", "usermod -aG kvm qemu"),
            ({QEMU: 'user = "+0"\n'}, (), "good", "runs as +0", ""),
            ({QEMU: 'user = "nobody"\ngroup = "kvm"\n'}, (), "good", "nobody, which is in", ""),
            ({AGENT: "[share]\ngroup = regions\n"}, (), "bad", "there is no group regions", "libvirt-qemu"),
            ({}, ("/etc/passwd",), "unknown", "cannot be told", "ps -o")))

    def test_confinement(self):
        allow = "/dev/shm/weiss-agent-* rw,\n"
        self.check("confinement", (
            ({}, (RULES,), "bad", "do not allow", f"echo '/dev/shm/weiss-agent-* rw,' >> {RULES}"),
            ({RULES: "#" + allow}, (), "bad", "do not allow", "mkdir -p"),
            ({RULES: "owner " + allow}, (), "bad", "do not allow", "start them"),
            ({RULES: allow.replace("rw", "r")}, (), "bad", "do not allow", "echo"),
            ({RULES: allow.replace("weiss-agent-", "other-")}, (), "bad", "do not allow", "echo"),
            ({RULES: "/{dev,run}/shm/** rwk,\n"}, (), "good", "allow", ""),
            ({RULES: allow + "deny /dev/shm/weiss* rw,\n"}, (), "bad", "forbid", "take the rule away"),
            ({"/etc/apparmor.d/abstractions/libvirt-qemu.d/weiss": allow}, (RULES,), "good", "allow", ""),
            ({QEMU: 'security_driver = "none"\n'}, (RULES,), "info", "security_driver = none", ""),
            ({QEMU: 'security_driver = [ "selinux" ]\n'}, (RULES,), "good", "neither", ""),
            ({"/sys/module/apparmor/parameters/enabled": "N\n"}, (RULES,), "good", "neither", ""),
            ({"/sys/fs/selinux/enforce": "1"}, ("/sys/module/apparmor/parameters/enabled",), "unknown", "SELinux",
             "ausearch")))

    def test_namespaces(self):
        none = {"/proc/mounts": "udev /dev devtmpfs rw 0 0\n"}
        self.check("namespaces", (
            ({}, (), "good", "a /dev of its own, and /dev/shm is a file system that it sees", ""),
            (none, (), "bad", "/dev/shm is no file system", "mount -t tmpfs"),
            (none | {QEMU: "namespaces = [ ]\n"}, (), "good", "QEMU has the host's /dev", ""),
            ({QEMU: 'cgroup_controllers = [ "cpu" ]\n'}, (), "good", '([ "cpu" ])', "")))

    def test_agent(self):
        socket = "/run/weiss-agent/control"
        self.check("agent", (
            ({}, (socket,), "bad", "installed and does not run", "systemctl enable --now weiss-agentd"),
            ({}, (socket, "/usr/sbin/weiss-agentd"), "bad", "is not installed", "apt install weiss-agent"),
            ({AGENT: "[agent]\nrun = /run/x\n[share]\nflavors=a\n", "/run/x/control": ""}, (socket,), "good", "runs", ""),
            ({AGENT: "#[share]\n#flavors = a\n"}, (), "bad", "nobody shares", "systemctl reload weiss-agentd"),
            ({AGENT: "[share]\nothers = yes\n"}, (), "good", "the agent runs", ""),
            ({AGENT: "[openstack]\nauth_url = https://c\n"}, (), "good", "the agent runs", "")))

    def test_room(self):
        self.check("agent-room", (
            ({"/proc/mounts": "tmpfs /dev/shm tmpfs rw,size=1g 0 0\n"}, (), "bad",
             "1024 MiB, of which files of others have 0 MiB; [share] total is 2 GiB", "remount,size=2097152k"),
            ({"/proc/mounts": "tmpfs /dev/shm tmpfs rw,size=2g 0 0\n"}, (), "good", "2048 MiB", ""),
            ({"/proc/mounts": ""}, (), "bad", "not mounted", "mount -t tmpfs"),
            ({AGENT: "[share]\ntotal = much\n"}, (), "bad", '"much", is no size', "4 GiB"),
            ({AGENT: ""}, (), "good", "total is 4 GiB", "")))

    def test_room_beside_files_of_others(self):
        self.make(GOOD_HOST, GOOD_COMPUTE, {"/proc/mounts": "tmpfs /dev/shm tmpfs rw,size=3g 0 0\n", "/dev/shm/other": "",
                                            "/dev/shm/weiss-agent-1": ""})
        for name, gib in (("weiss-agent-1", 2), ("other", 1)):
            with open(self.path("root/dev/shm/") + name, "wb") as file:
                file.truncate(gib << 30)
        self.judge("agent-room", "good", "3072 MiB, of which files of others have 1024 MiB", side="--openstack")
        with open(self.path("root/dev/shm/other"), "ab") as file:
            file.truncate((1 << 30) + 4096)
        said = self.judge("agent-room", "bad", side="--openstack")
        self.assertIn("size=3145732k", said["advice"])

    def test_root_ports(self):
        self.check("root-ports", (
            ({NOVA: "[libvirt]\n"}, (), "info", "num_pcie_ports is not set, hw_machine_type is not set (pc)", "= 16"),
            ({NOVA: "[libvirt]\nhw_machine_type = x86_64=q35\n"}, (), "bad", "x86_64=q35", "num_pcie_ports = 16"),
            ({NOVA: "[libvirt]\nhw_machine_type=x86_64=pc-q35-7.2\nnum_pcie_ports = 4\n"}, (), "bad", "is 4", "= 16"),
            ({NOVA: "[libvirt]\nhw_machine_type=x86_64=q35\nnum_pcie_ports: 28\n"}, (), "good", "is 28", "")))

    def test_nova_host(self):
        agent = "[openstack]\nauth_url = http://c\n"
        self.check("nova-host", (
            ({NOVA: "[DEFAULT]\nhost = c1.example\n"}, (), "bad", "calls this host c1.example, the agent asks for node-7",
             "host = c1.example in [openstack]"),
            ({NOVA: "[DEFAULT]\nhost=c1\n", AGENT: agent + "host = c1\n"}, (), "good", "the agent asks for c1", ""),
            ({AGENT: agent + "host = node-8\n"}, (), "bad", "node-8", "host = node-7"),
            ({NOVA: "[neutron]\nhost = c1\n"}, (), "good", "calls this host node-7", ""),
            ({AGENT: "[share]\nflavors = a\n"}, (), "absent", "does not ask Nova", "")))

    def test_reserved_memory(self):
        self.check("reserved-memory", (
            ({NOVA: "[DEFAULT]\n#reserved_host_memory_mb = 9999\n"}, (), "bad", "is 512 (not set); [share] total is 2 GiB",
             "reserved_host_memory_mb = 2560"),
            ({NOVA: "[DEFAULT]\nreserved_host_memory_mb = 2559\n"}, (), "bad", "is 2559;", "= 2560"),
            ({AGENT: "[share]\n"}, (), "bad", "total is 4 GiB", "= 4608")))

    def test_virt_type(self):
        compute = "/etc/nova/nova-compute.conf"
        self.check("virt-type", (
            ({compute: "[libvirt]\nvirt_type = qemu\n"}, (), "bad", "virt_type is qemu, and KVM is there",
             "virt_type = kvm in [libvirt] of /etc/nova/nova-compute.conf"),
            ({}, KVM_LESS, "bad", "virt_type is kvm, and KVM is not there", "weiss doctor --host"),
            ({compute: "[libvirt]\nvirt_type = qemu\n"}, KVM_LESS, "info", "virt_type is qemu, and KVM is not there", ""),
            ({"/etc/nova/nova.conf.d/z.conf": "[libvirt]\nvirt_type = qemu\n"}, (compute,), "bad", "qemu", "z.conf"),
            ({NOVA: "[DEFAULT]\n"}, (compute,), "good", "virt_type is kvm", "")))

    def test_hints(self):
        self.check("dedicated-cpus", (({NOVA: "[DEFAULT]\n"}, (), "info", "processors 0-7", "hw:cpu_policy=dedicated"),))
        self.check("instance-pages", (({"/proc/meminfo": "HugePages_Total: 0\nHugepagesize: 2048 kB\n"}, (), "info",
                                       "0 huge pages of 2048 KiB", "hw:mem_page_size=large"),))
        self.check("resume", (({NOVA: "[DEFAULT]\nresume_guests_state_on_host_boot = false\n"}, (), "info", "is false",
                               "= true"),))
        self.check("migration", (({}, (), "info", "refuses to migrate", "weiss agent release"),))

    def test_kolla(self):
        self.make(GOOD_HOST, GOOD_COMPUTE, {"/etc/kolla/nova-compute/nova.conf": "[libvirt]\nnum_pcie_ports = 12\n"},
                  without=(NOVA, "/etc/nova/nova-compute.conf"))
        self.judge("root-ports", "good", "num_pcie_ports is 12", side="--openstack")

    @unittest.skipIf(os.geteuid() != 0, "needs root, to be another user")
    def test_settings_that_cannot_be_read(self):
        self.make(GOOD_HOST, GOOD_COMPUTE)
        os.chmod(self.path("root") + NOVA, 0)
        os.chmod(self.path("root") + os.path.dirname(AGENT), 0o700)
        for path in (self.path("root"), os.path.dirname(self.path("root"))):
            os.chmod(path, 0o755)
        done = subprocess.run([os.environ["WEISS"], "doctor", "--openstack", "--json"], user=65534, group=65534,
                              env={**os.environ, "WEISS_TUNING_ROOT": self.path("root")}, capture_output=True, text=True,
                              check=False)
        if not done.stdout:
            self.skipTest("another user cannot run the command, which is in a directory that is closed to it")
        steps = {step["step"]: step for step in json.loads(done.stdout)}
        for name, whose in (("root-ports", "Nova's"), ("nova-host", "the agent's"), ("agent", "the agent's")):
            self.assertEqual(steps[name]["verdict"], "unknown", steps[name])
            self.assertIn(whose + " settings cannot be read", steps[name]["seen"])
            self.assertIn("sudo weiss doctor --openstack", steps[name]["advice"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
