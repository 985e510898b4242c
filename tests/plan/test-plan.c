/* Placements on graphs whose best placement is known, the cost model against numbers worked out by hand, and what must hold for any
 * topology and traffic. */
#include "plan/fit.h"
#include "plan/outputs.h"
#include "plan/pattern.h"
#include "plan/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** Servers of VMs of vCPUs, all alike. */
static weiss_topology even(int servers, int vms, int vcpus)
{
    weiss_topology t = weiss_topology_start();
    char name[32];
    for (int s = 0; s < servers; s++) {
        snprintf(name, sizeof name, "node%d", s + 1);
        assert_int_equal(weiss_topology_add_server(&t, name, NULL), 0);
        for (int v = 0; v < vms; v++) {
            snprintf(name, sizeof name, "vm%d", s * vms + v + 1);
            assert_int_equal(weiss_topology_add_vm(&t, name, vcpus, NULL), 0);
        }
    }
    t.speed[WEISS_PLAN_VM] = (weiss_speed){1e-6, 1e9, true};
    t.speed[WEISS_PLAN_SERVER] = (weiss_speed){10e-6, 1e8, true};
    t.speed[WEISS_PLAN_NETWORK] = (weiss_speed){100e-6, 1e7, true};
    return t;
}

static void add_both(weiss_traffic *t, int a, int b, double bytes)
{
    assert_int_equal(weiss_traffic_add(t, a, b, 1.0, bytes, NULL), 0);
    assert_int_equal(weiss_traffic_add(t, b, a, 1.0, bytes, NULL), 0);
}

/** A grid of ranks that speak to the ones beside, above and below them. Ranks are numbered by @p order: that of place i. */
static weiss_traffic grid(int rows, int columns, const int *order)
{
    weiss_traffic t = {0};
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            int here = y * columns + x;
            if (x + 1 < columns)
                add_both(&t, order[here], order[here + 1], 1000.0);
            if (y + 1 < rows)
                add_both(&t, order[here], order[here + columns], 1000.0);
        }
    }
    assert_int_equal(weiss_traffic_settle(&t, rows * columns, NULL), 0);
    return t;
}

/** Numbers 0 .. n - 1 in an order that has nothing to do with the grid. */
static void scatter(int n, uint64_t seed, int *order)
{
    for (int i = 0; i < n; i++) {
        int j = weiss_plan_random_below(&seed, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

static void check_placement(const weiss_topology *t, int n, const int *slot)
{
    bool *taken = calloc((size_t)t->nslots, sizeof *taken);
    for (int r = 0; r < n; r++) {
        assert_in_range(slot[r], 0, t->nslots - 1);
        assert_false(taken[slot[r]]);
        taken[slot[r]] = true;
    }
    free(taken);
}

static weiss_place_times plan(const weiss_topology *t, const weiss_traffic *traffic, int *slot)
{
    weiss_place_times times;
    weiss_fault fault = {0};
    if (weiss_place_plan(t, traffic, slot, &times, &fault) != 0)
        fail_msg("%s", fault.text);
    check_placement(t, traffic->nranks, slot);
    return times;
}

static double level_bytes(const weiss_topology *t, const weiss_traffic *traffic, const int *slot,
                          weiss_plan_level level)
{
    weiss_plan_share share[WEISS_PLAN_LEVELS];
    weiss_cost_shares(t, traffic, slot, share);
    return share[level].bytes;
}

/* Rank 0 sends 2 messages of 500 B in all to 1 (same VM), 1 of 1000 B to 2 (same server), 3 of 6000 B to 3 (network);
 * rank 1 sends 1 of 2000 B to 3. */
static void test_cost(void **state)
{
    (void)state;
    weiss_topology t = even(2, 2, 2);
    weiss_traffic traffic = {0};
    const int slot[] = {0, 1, 2, 4};
    weiss_traffic_add(&traffic, 0, 1, 2, 500, NULL);
    weiss_traffic_add(&traffic, 0, 2, 1, 1000, NULL);
    weiss_traffic_add(&traffic, 0, 3, 3, 6000, NULL);
    weiss_traffic_add(&traffic, 1, 3, 1, 2000, NULL);
    weiss_traffic_settle(&traffic, 4, NULL);
    weiss_plan_cost cost;
    assert_int_equal(weiss_cost_create(&t, &traffic, &cost, NULL), 0);
    weiss_cost_fill(&cost, slot);
    /* 2 us + 0.5 us;  10 us + 10 us;  300 us + 600 us */
    assert_true(fabs(cost.out[0] - 922.5e-6) < 1e-12);
    assert_true(fabs(cost.out[1] - 300e-6) < 1e-12);
    assert_true(fabs(cost.in[2] - 20e-6) < 1e-12);
    assert_true(fabs(cost.in[3] - 1200e-6) < 1e-12);
    assert_true(fabs(cost.leave[0] - 8000.0) < 1e-9);
    assert_true(fabs(cost.enter[1] - 8000.0) < 1e-9);
    assert_true(fabs(weiss_cost_step(&cost) - 1200e-6) < 1e-12);
    weiss_cost_free(&cost);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* Four ranks of one server each send 10 kB to another rank of the other: each takes 1.1 ms, the link that they share
 * 100 us + 40 kB / 10 MB/s. In three messages each waits for the one before: 300 us. */
static void test_shared_link(void **state)
{
    (void)state;
    weiss_topology t = even(2, 1, 4);
    weiss_traffic traffic = {0};
    const int slot[] = {0, 1, 2, 3, 4, 5, 6, 7};
    double step;
    for (int r = 0; r < 4; r++)
        weiss_traffic_add(&traffic, r, r + 4, 1, 10000, NULL);
    weiss_traffic_settle(&traffic, 8, NULL);
    assert_int_equal(weiss_cost_of(&t, &traffic, slot, &step, NULL), 0);
    assert_true(fabs(step - 4.1e-3) < 1e-9);
    for (size_t i = 0; i < traffic.nflows; i++)
        traffic.flow[i].messages = 3;
    assert_int_equal(weiss_cost_of(&t, &traffic, slot, &step, NULL), 0);
    assert_true(fabs(step - 4.3e-3) < 1e-9);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* The sums after a swap are those of the new placement. */
static void test_change(void **state)
{
    (void)state;
    int order[16], slot[16];
    weiss_topology t = even(2, 2, 4);
    scatter(16, 3, order);
    weiss_traffic traffic = grid(4, 4, order);
    weiss_plan_cost one, two;
    weiss_place_fill(&t, 16, slot);
    weiss_cost_create(&t, &traffic, &one, NULL);
    weiss_cost_create(&t, &traffic, &two, NULL);
    weiss_cost_fill(&one, slot);
    for (int a = 0; a < 16; a++) {
        for (int b = 0; b < a; b++) {
            weiss_cost_change(&one, slot, a, -1, -1.0);
            weiss_cost_change(&one, slot, b, a, -1.0);
            int s = slot[a];
            slot[a] = slot[b];
            slot[b] = s;
            weiss_cost_change(&one, slot, a, -1, 1.0);
            weiss_cost_change(&one, slot, b, a, 1.0);
            weiss_cost_fill(&two, slot);
            assert_true(fabs(weiss_cost_step(&one) - weiss_cost_step(&two)) < 1e-12);
            assert_true(fabs(one.total - two.total) < 1e-12);
        }
    }
    weiss_cost_free(&one);
    weiss_cost_free(&two);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* Even ranks speak to each other, odd ones too; one message goes from one half to the other. */
static void test_clusters(void **state)
{
    (void)state;
    weiss_topology t = even(2, 1, 4);
    weiss_traffic traffic = {0};
    int slot[8];
    for (int a = 0; a < 8; a++)
        for (int b = a % 2; b < a; b += 2)
            add_both(&traffic, a, b, 5000.0);
    add_both(&traffic, 0, 1, 8.0);
    weiss_traffic_settle(&traffic, 8, NULL);
    weiss_place_times times = plan(&t, &traffic, slot);
    assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_NETWORK) == 16.0);
    assert_true(times.worst > 3.5 * times.plan);
    assert_true(times.random > 2.0 * times.plan);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* The swaps alone make a random placement of a ring better, and, the other way round, worse. */
static void test_refine(void **state)
{
    (void)state;
    weiss_topology t = even(2, 2, 4);
    weiss_traffic traffic = {0};
    int slot[16];
    double before, better, worse;
    for (int i = 0; i < 16; i++)
        add_both(&traffic, i, (i + 1) % 16, 1000.0);
    weiss_traffic_settle(&traffic, 16, NULL);
    weiss_place_random(&t, 16, 4, slot, NULL);
    weiss_cost_of(&t, &traffic, slot, &before, NULL);
    assert_int_equal(weiss_place_refine(&t, &traffic, 1.0, slot, NULL), 0);
    check_placement(&t, 16, slot);
    weiss_cost_of(&t, &traffic, slot, &better, NULL);
    assert_int_equal(weiss_place_refine(&t, &traffic, -1.0, slot, NULL), 0);
    check_placement(&t, 16, slot);
    weiss_cost_of(&t, &traffic, slot, &worse, NULL);
    assert_true(better < 0.7 * before && worse >= 1.5 * better);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* A ring with its ranks in any order crosses each VM's border twice, and each server's. */
static void test_ring(void **state)
{
    (void)state;
    weiss_topology t = even(2, 2, 4);
    int order[16], slot[16];
    for (uint64_t seed = 1; seed <= 10; seed++) {
        weiss_traffic traffic = {0};
        scatter(16, seed, order);
        for (int i = 0; i < 16; i++)
            add_both(&traffic, order[i], order[(i + 1) % 16], 1000.0);
        weiss_traffic_settle(&traffic, 16, NULL);
        plan(&t, &traffic, slot);
        assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_NETWORK) == 4000.0);
        assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_SERVER) == 4000.0);
        weiss_traffic_free(&traffic);
    }
    weiss_topology_free(&t);
}

/* A grid of 8 x 8 on 2 servers of 2 VMs of 16: halves of 8 x 4, quarters of 4 x 4, 8 pairs across the servers and 8 within. */
static void test_grid(void **state)
{
    (void)state;
    weiss_topology t = even(2, 2, 16);
    int order[64], slot[64];
    scatter(64, 7, order);
    weiss_traffic traffic = grid(8, 8, order);
    weiss_place_times times = plan(&t, &traffic, slot);
    assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_NETWORK) <= 16000.0);
    assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_SERVER) <= 16000.0);
    assert_true(times.random > 2.0 * times.plan);
    assert_true(times.worst > 3.5 * times.plan);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* Clusters of 1, 2, 3 and 6 ranks fit VMs of those sizes exactly. */
static void test_uneven(void **state)
{
    (void)state;
    static const int size[] = {2, 6, 1, 3};
    weiss_topology t = weiss_topology_start();
    weiss_traffic traffic = {0};
    int slot[12], order[12], first = 0;
    weiss_topology_add_server(&t, "a", NULL);
    weiss_topology_add_vm(&t, "a1", 3, NULL);
    weiss_topology_add_vm(&t, "a2", 1, NULL);
    weiss_topology_add_server(&t, "b", NULL);
    weiss_topology_add_vm(&t, "b1", 6, NULL);
    weiss_topology_add_vm(&t, "b2", 2, NULL);
    scatter(12, 5, order);
    for (int c = 0; c < 4; first += size[c++])
        for (int i = 0; i < size[c]; i++)
            for (int j = 0; j < i; j++)
                add_both(&traffic, order[first + i], order[first + j], 1000.0);
    weiss_traffic_settle(&traffic, 12, NULL);
    plan(&t, &traffic, slot);
    assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_NETWORK) == 0.0);
    assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_SERVER) == 0.0);
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

/* Scotch alone, without the refinement, finds the clusters: its numbers of target slots are understood. */
static void test_scotch(void **state)
{
    (void)state;
    weiss_topology t = weiss_topology_start();
    weiss_traffic traffic = {0};
    int slot[9];
    weiss_fault fault = {0};
    weiss_topology_add_server(&t, "a", NULL);
    weiss_topology_add_vm(&t, "a1", 2, NULL);
    weiss_topology_add_server(&t, "b", NULL);
    weiss_topology_add_vm(&t, "b1", 3, NULL);
    weiss_topology_add_vm(&t, "b2", 4, NULL);
    static const int cluster[] = {1, 0, 2, 2, 1, 0, 2, 1, 2};
    for (int a = 0; a < 9; a++)
        for (int b = 0; b < a; b++)
            if (cluster[a] == cluster[b])
                add_both(&traffic, a, b, 1000.0);
    weiss_traffic_settle(&traffic, 9, NULL);
    for (int way = 0; way < 4; way++) {
        assert_int_equal(weiss_place_scotch(&t, &traffic, (way & 1) != 0, (way & 2) != 0, slot, &fault), 0);
        check_placement(&t, 9, slot);
        assert_true(level_bytes(&t, &traffic, slot, WEISS_PLAN_NETWORK) <= 2000.0);
    }
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

static void random_case(uint64_t *random, weiss_topology *t, weiss_traffic *traffic)
{
    char name[32];
    int vms = 0;
    *t = weiss_topology_start();
    *traffic = (weiss_traffic){0};
    int servers = 1 + weiss_plan_random_below(random, 4);
    for (int s = 0; s < servers; s++) {
        snprintf(name, sizeof name, "s%d", s);
        weiss_topology_add_server(t, name, NULL);
        for (int v = 1 + weiss_plan_random_below(random, 3); v > 0; v--) {
            snprintf(name, sizeof name, "v%d", vms++);
            weiss_topology_add_vm(t, name, 1 + weiss_plan_random_below(random, 6), NULL);
        }
    }
    int n = 1 + weiss_plan_random_below(random, t->nslots), flows = weiss_plan_random_below(random, 4 * n);
    for (int i = 0; i < flows; i++)
        weiss_traffic_add(traffic, weiss_plan_random_below(random, n), weiss_plan_random_below(random, n),
                          1 + weiss_plan_random_below(random, 9), weiss_plan_random_below(random, 100000),
                          NULL);
    assert_int_equal(weiss_traffic_settle(traffic, n, NULL), 0);
}

/* Whatever the topology and the traffic: every rank has a slot, none two, the plan is no worse than the usual orders, the worst no
 * better, and the same input gives the same plan. */
static void test_random(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (int i = 0; i < 200; i++) {
        weiss_topology t;
        weiss_traffic traffic;
        random_case(&random, &t, &traffic);
        int *slot = malloc(2 * (size_t)traffic.nranks * sizeof *slot);
        weiss_place_times times = plan(&t, &traffic, slot);
        assert_true(times.plan <= times.fill * (1 + 1e-8) && times.plan <= times.round * (1 + 1e-8));
        assert_true(times.worst >= times.round * (1 - 1e-8) && times.worst >= times.plan * (1 - 1e-8));
        plan(&t, &traffic, slot + traffic.nranks);
        assert_memory_equal(slot, slot + traffic.nranks, (size_t)traffic.nranks * sizeof *slot);
        weiss_place_round(&t, traffic.nranks, slot);
        check_placement(&t, traffic.nranks, slot);
        weiss_place_random(&t, traffic.nranks, (uint64_t)i, slot, NULL);
        check_placement(&t, traffic.nranks, slot);
        free(slot);
        weiss_traffic_free(&traffic);
        weiss_topology_free(&t);
    }
}

static void test_too_few(void **state)
{
    (void)state;
    weiss_topology t = even(1, 2, 2);
    weiss_fault fault = {0};
    assert_int_equal(weiss_place_check(&t, 5, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "5 ranks do not fit on the 4 vCPUs of the topology, one each; add VMs or "
                                    "vCPUs, or use fewer ranks");
    weiss_topology_free(&t);
}

/** What a writer writes; free with free(). */
static char *written(void (*write)(FILE *to, const weiss_plan *plan), const weiss_plan *plan)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    write(to, plan);
    fclose(to);
    return text;
}

static void test_outputs(void **state)
{
    (void)state;
    weiss_topology t = even(2, 2, 2);
    weiss_traffic traffic = {0};
    weiss_place_times times = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6};
    const int slot[] = {4, 5, 0, 7, 1};
    add_both(&traffic, 0, 1, 8.0);
    weiss_traffic_settle(&traffic, 5, NULL);
    weiss_plan p = {&t, &traffic, slot, &times};
    static const struct {
        void (*write)(FILE *to, const weiss_plan *plan);
        const char *text;
    } expected[] = {
        {weiss_plan_hostfile, "# server node1\nvm1 slots=2\n# server node2\nvm3 slots=2\nvm4 slots=2\n"},
        {weiss_plan_rankfile, "rank 0=vm3 slot=0\nrank 1=vm3 slot=1\nrank 2=vm1 slot=0\nrank 3=vm4 slot=1\n"
                              "rank 4=vm1 slot=1\n"},
        {weiss_plan_hydra, "vm3:2\nvm1:1\nvm4:1\nvm1:1\n"},
        {weiss_plan_table, "rank,server,vm,vcpu\n0,node2,vm3,0\n1,node2,vm3,1\n2,node1,vm1,0\n3,node2,vm4,1\n"
                           "4,node1,vm1,1\n"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char *text = written(expected[i].write, &p);
        assert_string_equal(text, expected[i].text);
        free(text);
    }
    weiss_traffic_free(&traffic);
    weiss_topology_free(&t);
}

static void test_fit(void **state)
{
    (void)state;
    weiss_fit_sample sample[3];
    weiss_speed speed;
    weiss_fault fault = {0};
    for (int i = 0; i < 3; i++) {
        sample[i].bytes = pow(100.0, i + 1);
        sample[i].seconds = 2e-6 + sample[i].bytes / 3e9;
    }
    assert_int_equal(weiss_fit(sample, 3, &speed, &fault), 0);
    assert_true(fabs(speed.latency - 2e-6) < 1e-12 && fabs(speed.bandwidth / 3e9 - 1) < 1e-9 && speed.known);
    sample[1].bytes = sample[0].bytes;
    assert_int_equal(weiss_fit(sample, 2, &speed, &fault), WEISS_ERR_VALUE);
    assert_string_equal(fault.text, "latency and bandwidth need measured times of two sizes of messages");
}

static void test_fit_medians(void **state)
{
    (void)state;
    weiss_fit_sample sample[] = {{1000, 9.0}, {8, 3.0},    {1000, 7.0}, {8, 100.0},
                                 {8, 2.0},    {1000, 1e6}, {1000, 8.0}, {64, 5.0}};
    const weiss_fit_sample expected[] = {{8, 3.0}, {64, 5.0}, {1000, 8.5}};
    assert_int_equal(weiss_fit_medians(sample, 8), 3);
    for (int i = 0; i < 3; i++)
        assert_true(sample[i].bytes == expected[i].bytes && sample[i].seconds == expected[i].seconds);
    assert_int_equal(weiss_fit_medians(sample, 0), 0);
}

typedef struct counts {
    double messages, bytes;
    double to[16]; /**< bytes to each rank */
} counts;

static void count(void *data, int to, double messages, double bytes)
{
    counts *c = data;
    assert_in_range(to, 0, 15);
    c->messages += messages;
    c->bytes += bytes;
    c->to[to] += bytes;
}

/* Numbers of messages of all ranks together. */
static void test_patterns(void **state)
{
    (void)state;
    for (int p = 1; p <= 16; p++) {
        counts tree = {0}, back = {0}, all = {0}, ring = {0}, chain = {0}, barrier = {0};
        int rounds = 0, power = 1;
        for (; 1 << rounds < p; rounds++)
            ;
        while (2 * power <= p)
            power *= 2;
        for (int r = 0; r < p; r++) {
            weiss_pattern_bcast(p, r, p / 2, 1.0, count, &tree);
            weiss_pattern_reduce(p, r, p / 2, 1.0, count, &back);
            weiss_pattern_allreduce(p, r, 1.0, count, &all);
            weiss_pattern_allgather(p, r, p, 1.0, count, &ring);
            weiss_pattern_scan(p, r, 1.0, count, &chain);
            weiss_pattern_barrier(p, r, count, &barrier);
        }
        assert_true(tree.messages == p - 1 && back.messages == p - 1 && chain.messages == p - 1);
        for (int r = 0; r < p; r++)
            assert_true(tree.to[r] == (r == p / 2 ? 0.0 : 1.0)); /* each other rank gets it once */
        assert_true(all.messages == power * log2(power) + 2 * (p - power));
        assert_true(ring.messages == p * (p - 1) && ring.bytes == p * (p - 1));
        assert_true(barrier.messages == p * rounds && barrier.bytes == 0.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost),     cmocka_unit_test(test_shared_link), cmocka_unit_test(test_change),
        cmocka_unit_test(test_clusters), cmocka_unit_test(test_ring),        cmocka_unit_test(test_refine),
        cmocka_unit_test(test_grid),     cmocka_unit_test(test_uneven),      cmocka_unit_test(test_scotch),
        cmocka_unit_test(test_random),   cmocka_unit_test(test_too_few),     cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_fit),      cmocka_unit_test(test_fit_medians), cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
