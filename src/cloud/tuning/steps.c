#include "cloud/tuning/steps.h"

const weiss_tuning_step *const weiss_tuning_steps[] = {
    &weiss_tuning_kvm,
    &weiss_tuning_pinning,
    &weiss_tuning_numa,
    &weiss_tuning_region,
    &weiss_tuning_isolation,
    &weiss_tuning_hugepages,
    &weiss_tuning_swap,
    &weiss_tuning_shmem,
    &weiss_tuning_governor,
    &weiss_tuning_smt,
    &weiss_tuning_halt_poll,
    &weiss_tuning_interrupts,
    &weiss_tuning_vhost,
    &weiss_tuning_ksm,
    &weiss_tuning_bridge,
    &weiss_tuning_multiqueue,
    &weiss_tuning_mtu,
    &weiss_tuning_kernel_line,
    &weiss_tuning_nested,
    &weiss_tuning_mitigations,
    /* of a guest */
    &weiss_tuning_ivshmem,
    &weiss_tuning_mapping,
    &weiss_tuning_component,
    &weiss_tuning_openmpi,
    &weiss_tuning_steal,
    &weiss_tuning_cpu_flags,
    &weiss_tuning_clocksource,
    &weiss_tuning_guest_hugepages,
    &weiss_tuning_haltpoll,
    &weiss_tuning_queues,
    /* of a compute host of OpenStack */
    &weiss_tuning_libvirt,
    &weiss_tuning_qemu_ivshmem,
    &weiss_tuning_region_group,
    &weiss_tuning_confinement,
    &weiss_tuning_namespaces,
    &weiss_tuning_agent_runs,
    &weiss_tuning_agent_room,
    &weiss_tuning_root_ports,
    &weiss_tuning_nova_host,
    &weiss_tuning_reserved_memory,
    &weiss_tuning_virt_type,
    &weiss_tuning_dedicated_cpus,
    &weiss_tuning_instance_pages,
    &weiss_tuning_migration,
    &weiss_tuning_resume,
    NULL,
};

const weiss_tuning_step *weiss_tuning_step_find(const char *name)
{
    for (int i = 0; weiss_tuning_steps[i] != NULL; i++)
        if (strcmp(weiss_tuning_steps[i]->name, name) == 0)
            return weiss_tuning_steps[i];
    return NULL;
}

void weiss_tuning_find(const weiss_tuning_machine *machine, const weiss_tuning_step *step,
                       weiss_tuning_finding *finding)
{
    *finding = (weiss_tuning_finding){.verdict = WEISS_TUNING_UNKNOWN};
    step->find(machine, finding);
}

int weiss_tuning_plan(const weiss_tuning_machine *machine, const weiss_tuning_step *step,
                      const char *argument, weiss_tuning_changes *changes, weiss_fault *fault)
{
    if (step->plan == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s is not for a program to change; `weiss doctor` says what to do",
                               step->name);
    if (argument != NULL && step->argument == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "%s takes no value", step->name);
    WEISS_FAULT_TRY(step->plan(machine, argument, changes, fault));
    return changes->failed ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory") : 0;
}
