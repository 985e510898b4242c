/* The steps, a file each. A new one is a file, its line here and its line in steps.c. */
#ifndef WEISS_CLOUD_TUNING_STEPS_H
#define WEISS_CLOUD_TUNING_STEPS_H

#include "cloud/tuning/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a host. */
extern const weiss_tuning_step weiss_tuning_kvm, weiss_tuning_pinning, weiss_tuning_numa,
    weiss_tuning_isolation, weiss_tuning_hugepages, weiss_tuning_shmem, weiss_tuning_region,
    weiss_tuning_governor, weiss_tuning_bridge, weiss_tuning_vhost, weiss_tuning_multiqueue, weiss_tuning_mtu,
    weiss_tuning_halt_poll, weiss_tuning_smt, weiss_tuning_swap, weiss_tuning_ksm, weiss_tuning_interrupts,
    weiss_tuning_kernel_line, weiss_tuning_mitigations, weiss_tuning_nested;
/* Of a guest. */
extern const weiss_tuning_step weiss_tuning_ivshmem, weiss_tuning_mapping, weiss_tuning_component,
    weiss_tuning_openmpi, weiss_tuning_clocksource, weiss_tuning_cpu_flags, weiss_tuning_steal,
    weiss_tuning_guest_hugepages, weiss_tuning_queues, weiss_tuning_haltpoll;
/* Of a compute host of OpenStack. */
extern const weiss_tuning_step weiss_tuning_libvirt, weiss_tuning_qemu_ivshmem, weiss_tuning_confinement,
    weiss_tuning_region_group, weiss_tuning_namespaces, weiss_tuning_agent_room, weiss_tuning_agent_runs,
    weiss_tuning_nova_host, weiss_tuning_root_ports, weiss_tuning_virt_type, weiss_tuning_reserved_memory,
    weiss_tuning_dedicated_cpus, weiss_tuning_instance_pages, weiss_tuning_resume, weiss_tuning_migration;

#endif
