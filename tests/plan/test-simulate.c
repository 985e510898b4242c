/* The simulator, the split of times and the counts of monitoring against numbers worked out by hand. */
#include "plan/monitor.h"
#include "plan/simulate.h"
#include "plan/times.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const weiss_speed speeds[WEISS_PLAN_LEVELS] = {
    {1e-6, 1e9, true}, {10e-6, 1e8, true}, {100e-6, 1e7, true}};

/** Servers of two VMs of two vCPUs. */
static weiss_sim_machine machine(void)
{
    weiss_sim_machine m = {.name = "made up", .vms = 2, .vcpus = 2};
    memcpy(m.speed, speeds, sizeof speeds);
    return m;
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9 * fabs(expected)))
        fail_msg("found %.12g, expected %.12g", found, expected);
}

static void test_allreduce(void **state)
{
    (void)state;
    const weiss_sim_machine m = machine();
    weiss_sim_machine alone = m;
    assert_true(weiss_sim_allreduce(&m, 1, 8) == 0.0);
    /* To the ranks 1, 2 and 4 away: inside a VM, between VMs, and four at once over the link of a server. */
    assert_near(weiss_sim_allreduce(&m, 8, 8), (1e-6 + 8e-9) + (10e-6 + 8e-8) + (100e-6 + 32e-7));
    assert_near(weiss_sim_allreduce(&m, 3, 8), 3 * (1e-6 + 8e-9));
    assert_near(weiss_sim_allreduce(&m, 8, 8e6), 14 * (100e-6 + 0.1)); /* a ring */
    alone.servers = 1; /* eight ranks on its four vCPUs */
    assert_near(weiss_sim_allreduce(&alone, 8, 8), (1e-6 + 8e-9) + 2 * (10e-6 + 8e-8));
    assert_true(weiss_sim_crowd(&alone, 8) == 2.0 && weiss_sim_crowd(&alone, 4) == 1.0 &&
                weiss_sim_crowd(&m, 8) == 1.0);
}

static void test_others(void **state)
{
    (void)state;
    const weiss_sim_machine m = machine();
    assert_near(weiss_sim_allgather(&m, 4, 4e6), (1e-6 + 1e-3) + (10e-6 + 2e-2));
    assert_near(weiss_sim_allgather(&m, 2, 8), 1e-6 + 4e-9);
    /* One peer in the VM, two on the server, four beyond; or the link: four ranks, four peers each. */
    assert_near(weiss_sim_alltoall(&m, 8, 10), 1 * (1e-6 + 1e-8) + 2 * (10e-6 + 1e-7) + 4 * (100e-6 + 1e-6));
    assert_near(weiss_sim_alltoall(&m, 8, 1000), 4 * 4 * 1000 / 1e7);
    assert_true(weiss_sim_alltoall(&m, 1, 1000) == 0.0);
}

static void test_communication(void **state)
{
    (void)state;
    const weiss_sim_machine m = machine();
    const weiss_sim_step step = {.exchanges = 4, .reductions = 10, .potentials = 2};
    weiss_sim_parts parts = {.nranks = 2, .nodes = 100, .largest = 50, .surface = 20, .interface = 5};
    double seconds;
    assert_int_equal(weiss_traffic_add(&parts.halo, 0, 1, 0, 80, NULL), 0);
    assert_int_equal(weiss_traffic_add(&parts.halo, 1, 0, 0, 40, NULL), 0);
    assert_int_equal(weiss_traffic_settle(&parts.halo, 2, NULL), 0);
    assert_int_equal(weiss_sim_communication(&m, &parts, &step, &seconds, NULL), 0);
    assert_near(seconds, (4e-6 + 4 * 3 * 80e-9) + 10 * (1e-6 + 8e-9) + 2 * (1e-6 + 40e-9) + (1e-6 + 80e-9) +
                             (1e-6 + 40e-9));
    parts.nranks = 1;
    assert_int_equal(weiss_sim_communication(&m, &parts, &step, &seconds, NULL), 0);
    assert_true(seconds == 0.0);
    weiss_traffic_free(&parts.halo);
}

static void test_fit(void **state)
{
    (void)state;
    const double x[] = {1, 0.5, 0.25}, t[] = {5, 3, 2}, odd[] = {5, 3, 9}, less[] = {4, 1.5, 0.5},
                 more[] = {1, 2, 4};
    weiss_sim_law law;
    assert_int_equal(weiss_sim_fit(x, t, 3, -1, &law, NULL), 0);
    assert_near(law.serial, 1);
    assert_near(law.parallel, 4);
    assert_int_equal(weiss_sim_fit(x, odd, 3, 2, &law, NULL), 0);
    assert_near(law.serial, 1);
    assert_near(law.parallel, 4);
    assert_int_equal(weiss_sim_fit(x, t, 1, -1, &law, NULL), 0);
    assert_true(law.serial == 0.0 && law.parallel == 5.0);
    assert_int_equal(weiss_sim_fit(x, less, 3, -1, &law, NULL), 0);
    assert_true(law.serial == 0.0 && law.parallel > 0.0);
    assert_int_equal(weiss_sim_fit(x, more, 3, -1, &law, NULL), 0);
    assert_true(law.serial > 0.0 && law.parallel == 0.0);
    assert_int_equal(weiss_sim_fit(x, t, 1, 0, &law, NULL), WEISS_ERR_VALUE);
}

static void test_machines(void **state)
{
    (void)state;
    weiss_topology t = weiss_topology_start();
    weiss_sim_machine m;
    const weiss_sim_machine *usual;
    weiss_fault fault = {0};
    assert_int_equal(weiss_topology_add_server(&t, "a", NULL), 0);
    assert_int_equal(weiss_topology_add_vm(&t, "a1", 3, NULL), 0);
    assert_int_equal(weiss_topology_add_vm(&t, "a2", 3, NULL), 0);
    assert_int_equal(weiss_topology_add_server(&t, "b", NULL), 0);
    assert_int_equal(weiss_topology_add_vm(&t, "b1", 7, NULL), 0);
    assert_int_equal(weiss_sim_machine_like("f", &t, &m, &fault), 0);
    assert_true(m.vms == 2 && m.vcpus == 3 && m.servers == 0);
    weiss_topology_free(&t);
    t = weiss_topology_start();
    assert_int_equal(weiss_topology_add_server(&t, "a", NULL), 0);
    assert_int_equal(weiss_topology_add_vm(&t, "a1", 3, NULL), 0);
    assert_int_equal(weiss_topology_add_vm(&t, "a2", 4, NULL), 0);
    assert_int_equal(weiss_sim_machine_like("f", &t, &m, &fault), WEISS_ERR_VALUE);
    assert_non_null(strstr(fault.text, "found 3 and 4 vCPUs"));
    weiss_topology_free(&t);
    assert_int_equal(weiss_sim_usual(&usual), 3);
}

static void test_split(void **state)
{
    (void)state;
    static const char header[] = "rank,host,elapsed_s,compute_s,transfer_s,waiting_s,collectives\n";
    char text[512];
    weiss_times times;
    weiss_traffic traffic = {0};
    weiss_split split;
    weiss_fault fault = {0};
    snprintf(text, sizeof text, "%s0,a,10,6,3,1,7\n1,a,10,5,3,2,7\n2,b,10,4,3,3,7\n", header);
    assert_int_equal(weiss_times_parse("f", text, &times, &fault), 0);
    assert_int_equal(times.nranks, 3);
    /* Rank 0 says 1 us' worth to 1 and 3 us' to 2, which is in another machine of the same server. */
    assert_int_equal(weiss_traffic_add(&traffic, 0, 1, 1, 0, NULL), 0);
    assert_int_equal(weiss_traffic_add(&traffic, 0, 2, 0.3, 0, NULL), 0);
    assert_int_equal(weiss_traffic_settle(&traffic, 3, NULL), 0);
    assert_int_equal(weiss_split_times(&times, &traffic, NULL, speeds, &split, NULL), 0);
    assert_near(split.elapsed, 10);
    assert_near(split.compute, 5);
    assert_near(split.waiting, 2);
    assert_near(split.collectives, 7);
    assert_near(split.level[WEISS_PLAN_VM], (0.25 * 3 + 3) / 3);
    assert_near(split.level[WEISS_PLAN_SERVER], (0.75 * 3 + 3) / 3);
    assert_true(split.level[WEISS_PLAN_NETWORK] == 0.0);
    assert_int_equal(weiss_split_times(&times, &traffic, (const int[]){0, 0, 1}, speeds, &split, NULL), 0);
    assert_true(split.level[WEISS_PLAN_SERVER] == 0.0 && split.level[WEISS_PLAN_NETWORK] > 1.0);
    weiss_times_free(&times);
    weiss_traffic_free(&traffic);
    snprintf(text, sizeof text, "%s0,a,10,6,4,nan,7\n", header);
    assert_int_equal(weiss_times_parse("f", text, &times, &fault), 0);
    assert_true(isnan(times.rank[0].waiting));
    weiss_times_free(&times);
    for (int i = 0; i < 4; i++) {
        static const char *const wrong[] = {"1,a,1,1,1,1,1\n", "0,a,1,1,1\n", "0,a,-1,1,1,1,1\n",
                                            "0,a,1,1,inf,1,1\n"};
        snprintf(text, sizeof text, "%s%s", header, wrong[i]);
        fault.code = 0;
        assert_int_equal(weiss_times_parse("f", text, &times, &fault), WEISS_ERR_SYNTAX);
        assert_non_null(strstr(fault.text, "f:2: expected times of rank 0, found"));
    }
    assert_int_equal(weiss_times_parse("f", "x\n", &times, &fault), WEISS_ERR_SYNTAX);
}

static void test_monitor(void **state)
{
    (void)state;
    static const int server[] = {0, 0, 1};
    weiss_monitor_job job = {0};
    weiss_plan_share share[WEISS_PLAN_LEVELS];
    weiss_fault fault = {0};
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "# POINT TO POINT", NULL), 0);
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "E\t0\t1\t1000 bytes\t10 msgs sent\t1,2,3", NULL), 0);
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "I\t0\t2\t84 bytes\t6 msgs sent", NULL), 0);
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "I\t0\t3\t5 bytes\t1 msgs sent", NULL), 0);
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "I\t0\t9\t7 bytes\t1 msgs sent", NULL),
                     0); /* not known */
    assert_int_equal(weiss_monitor_take(&job, 0, 0, "C\t0\t2\t84 bytes\t6 msgs sent", NULL),
                     0); /* a model's */
    assert_int_equal(weiss_monitor_take(&job, 1, 0, "E\t1\t1\t8 bytes\t1 msgs sent", NULL),
                     0); /* to itself */
    assert_int_equal(weiss_monitor_take(&job, 2, 1, "# POINT TO POINT", NULL), 0);
    assert_int_equal(weiss_monitor_take(&job, 3, 2, "# POINT TO POINT", NULL), 0);
    weiss_monitor_shares(&job, server, 3, share);
    assert_true(share[WEISS_PLAN_VM].messages == 10 && share[WEISS_PLAN_VM].bytes == 1000);
    assert_true(share[WEISS_PLAN_SERVER].messages == 6 && share[WEISS_PLAN_SERVER].bytes == 84);
    assert_true(share[WEISS_PLAN_NETWORK].messages == 1 && share[WEISS_PLAN_NETWORK].bytes == 5);
    assert_int_equal(weiss_monitor_take(&job, 1, 0, "E\t0\t1\t8 bytes\t1 msgs sent", &fault),
                     WEISS_ERR_SYNTAX);
    assert_int_equal(weiss_monitor_take(&job, 1, 0, "E\t1\tx", NULL), WEISS_ERR_SYNTAX);
    assert_int_equal(weiss_monitor_take(&job, 1, 0, "E\t1\t-1\t8 bytes\t1 msgs", NULL), WEISS_ERR_SYNTAX);
    assert_int_equal(weiss_monitor_take(&job, -1, 0, "", NULL), WEISS_ERR_SYNTAX);
    weiss_monitor_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allreduce),     cmocka_unit_test(test_others),
        cmocka_unit_test(test_communication), cmocka_unit_test(test_fit),
        cmocka_unit_test(test_machines),      cmocka_unit_test(test_split),
        cmocka_unit_test(test_monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
