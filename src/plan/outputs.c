#include "plan/outputs.h"

static const weiss_plan_vm *vm_of(const weiss_plan *plan, int rank)
{
    return &plan->topology->vm[plan->topology->slot_vm[plan->slot[rank]]];
}

void weiss_plan_hostfile(FILE *to, const weiss_plan *plan)
{
    int server = -1;
    for (int v = 0; v < plan->topology->nvms; v++) {
        const weiss_plan_vm *vm = &plan->topology->vm[v];
        int r = 0;
        while (r < plan->traffic->nranks && vm_of(plan, r) != vm)
            r++;
        if (r == plan->traffic->nranks)
            continue;
        if (vm->server != server)
            fprintf(to, "# server %s\n", plan->topology->server[vm->server]);
        server = vm->server;
        fprintf(to, "%s slots=%d\n", vm->name, vm->vcpus);
    }
}

void weiss_plan_rankfile(FILE *to, const weiss_plan *plan)
{
    for (int r = 0; r < plan->traffic->nranks; r++)
        fprintf(to, "rank %d=%s slot=%d\n", r, vm_of(plan, r)->name, plan->slot[r] - vm_of(plan, r)->first);
}

void weiss_plan_hydra(FILE *to, const weiss_plan *plan)
{
    for (int r = 0, n; r < plan->traffic->nranks; r += n) {
        for (n = 1; r + n < plan->traffic->nranks && vm_of(plan, r + n) == vm_of(plan, r);)
            n++;
        fprintf(to, "%s:%d\n", vm_of(plan, r)->name, n);
    }
}

void weiss_plan_table(FILE *to, const weiss_plan *plan)
{
    fprintf(to, "rank,server,vm,vcpu\n");
    for (int r = 0; r < plan->traffic->nranks; r++) {
        const weiss_plan_vm *vm = vm_of(plan, r);
        fprintf(to, "%d,%s,%s,%d\n", r, plan->topology->server[vm->server], vm->name,
                plan->slot[r] - vm->first);
    }
}
