/* The picture of a plan. VMs are boxes of vCPUs, servers boxes of VMs; traffic is drawn as arcs between the vCPUs, or
 * between the VMs when there are many ranks. */
#include "plan/outputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 34.0 /* a vCPU, pixels */
#define GAP 22.0
#define HEAD 22.0
#define TOP 30.0
#define FOOT 58.0
#define WIDEST 9.0
#define RANKS_DRAWN 64 /* above it lines join VMs */

static const char *const colours[WEISS_PLAN_LEVELS] = {"#4a9d5b", "#2f6fb5", "#c8452f"};
static const char *const meanings[WEISS_PLAN_LEVELS] = {"in a VM", "between VMs of a server",
                                                        "between servers"};

typedef struct box {
    double x, y, width, height;
} box;

/** Where everything stands. */
typedef struct layout {
    const weiss_plan *plan;
    box *server, *vm; /**< owned */
    double width, height;
} layout;

/** Sides of a grid that holds @p n. */
static int columns(int n)
{
    return (int)ceil(sqrt((double)n));
}

static void size_vms(layout *l)
{
    const weiss_topology *t = l->plan->topology;
    for (int v = 0; v < t->nvms; v++) {
        int wide = columns(t->vm[v].vcpus), high = (t->vm[v].vcpus + wide - 1) / wide;
        double name = 7.5 * (double)strlen(t->vm[v].name) + 16.0;
        l->vm[v].width = fmax(wide * CELL + 16.0, name);
        l->vm[v].height = high * CELL + HEAD + 12.0;
    }
}

/** Puts boxes into rows of a grid, from (x, y). @return the size of all */
static box arrange(box *boxes, int n, double x, double y)
{
    int wide = columns(n);
    box all = {x, y, 0.0, 0.0};
    double left = x, top = y, high = 0.0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && i % wide == 0) {
            left = x;
            top += high + GAP;
            high = 0.0;
        }
        boxes[i].x = left;
        boxes[i].y = top;
        left += boxes[i].width + GAP;
        high = fmax(high, boxes[i].height);
        all.width = fmax(all.width, left - GAP - x);
        all.height = top + high - y;
    }
    return all;
}

static int vms_of(const weiss_topology *t, int server, int *first)
{
    int n = 0;
    *first = 0;
    for (int v = t->nvms - 1; v >= 0; v--) {
        if (t->vm[v].server == server) {
            *first = v;
            n++;
        }
    }
    return n;
}

static void lay_out(layout *l)
{
    const weiss_topology *t = l->plan->topology;
    int first;
    size_vms(l);
    for (int s = 0; s < t->nservers; s++) {
        int n = vms_of(t, s, &first);
        box all = arrange(l->vm + first, n, 0.0, 0.0);
        double name = 8.0 * (double)strlen(t->server[s]) + 24.0;
        l->server[s].width = fmax(all.width + 2.0 * GAP, name);
        l->server[s].height = all.height + HEAD + 2.0 * GAP;
    }
    box all = arrange(l->server, t->nservers, GAP, TOP + GAP);
    for (int s = 0; s < t->nservers; s++) {
        int n = vms_of(t, s, &first);
        arrange(l->vm + first, n, l->server[s].x + GAP, l->server[s].y + HEAD + GAP);
    }
    l->width = fmax(all.width + 2.0 * GAP, 560.0);
    l->height = all.height + TOP + 2.0 * GAP + FOOT;
}

static void middle_of_slot(const layout *l, int slot, double *x, double *y)
{
    const weiss_topology *t = l->plan->topology;
    int v = t->slot_vm[slot], i = slot - t->vm[v].first, wide = columns(t->vm[v].vcpus);
    *x = l->vm[v].x + 8.0 + CELL * (i % wide + 0.5);
    *y = l->vm[v].y + HEAD + 6.0 + CELL * (i / wide + 0.5);
}

static void draw_boxes(FILE *to, const layout *l)
{
    const weiss_topology *t = l->plan->topology;
    for (int s = 0; s < t->nservers; s++) {
        const box *b = &l->server[s];
        fprintf(to,
                "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='8' fill='#f3f4f6' stroke='#555'/>\n"
                "<text x='%.1f' y='%.1f' font-size='15' font-weight='bold'>%s</text>\n",
                b->x, b->y, b->width, b->height, b->x + 12.0, b->y + 22.0, t->server[s]);
    }
    for (int v = 0; v < t->nvms; v++) {
        const box *b = &l->vm[v];
        fprintf(to,
                "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='5' fill='#fff' stroke='#888'/>\n"
                "<text x='%.1f' y='%.1f' font-size='13'>%s</text>\n",
                b->x, b->y, b->width, b->height, b->x + 8.0, b->y + 16.0, t->vm[v].name);
    }
}

static void draw_slots(FILE *to, const layout *l)
{
    const weiss_plan *p = l->plan;
    double x, y;
    for (int i = 0; i < p->topology->nslots; i++) {
        middle_of_slot(l, i, &x, &y);
        fprintf(to, "<rect x='%.1f' y='%.1f' width='26' height='26' rx='3' fill='#fafafa' stroke='#bbb'/>\n",
                x - 13.0, y - 13.0);
    }
    for (int r = 0; r < p->traffic->nranks; r++) {
        middle_of_slot(l, p->slot[r], &x, &y);
        fprintf(to,
                "<circle cx='%.1f' cy='%.1f' r='11' fill='#fff8dc' stroke='#777'/>\n"
                "<text x='%.1f' y='%.1f' font-size='%d' text-anchor='middle'>%d</text>\n",
                x, y, x, y + 4.0, r < 1000 ? 11 : 8, r);
    }
}

/** An arc from one point to another, bent to the side by a tenth of its length. */
static void draw_arc(FILE *to, double x1, double y1, double x2, double y2, double width,
                     weiss_plan_level level)
{
    double dx = x2 - x1, dy = y2 - y1;
    fprintf(to,
            "<path d='M %.1f %.1f Q %.1f %.1f %.1f %.1f' fill='none' stroke='%s' stroke-width='%.2f' "
            "stroke-opacity='0.65' stroke-linecap='round'/>\n",
            x1, y1, (x1 + x2) / 2.0 - 0.1 * dy, (y1 + y2) / 2.0 + 0.1 * dx, x2, y2, colours[level], width);
}

/** Bytes between pairs, both directions together: of ranks, or of VMs. */
static double *sum_pairs(const weiss_plan *p, bool vms, int n)
{
    const weiss_topology *t = p->topology;
    double *sum = calloc((size_t)n * (size_t)n, sizeof *sum);
    for (size_t i = 0; sum != NULL && i < p->traffic->nflows; i++) {
        const weiss_flow *f = &p->traffic->flow[i];
        int a = vms ? t->slot_vm[p->slot[f->from]] : f->from;
        int b = vms ? t->slot_vm[p->slot[f->to]] : f->to;
        if (a != b)
            sum[(size_t)(a < b ? a : b) * (size_t)n + (size_t)(a < b ? b : a)] += f->bytes;
    }
    return sum;
}

static void place_of(const layout *l, bool vms, int i, double *x, double *y)
{
    if (vms) {
        *x = l->vm[i].x + l->vm[i].width / 2.0;
        *y = l->vm[i].y + l->vm[i].height / 2.0;
    } else {
        middle_of_slot(l, l->plan->slot[i], x, y);
    }
}

static void draw_traffic(FILE *to, const layout *l)
{
    const weiss_plan *p = l->plan;
    const weiss_topology *t = p->topology;
    bool vms = p->traffic->nranks > RANKS_DRAWN;
    int n = vms ? t->nvms : p->traffic->nranks;
    double most = 0.0, *sum = n <= 2000 ? sum_pairs(p, vms, n) : NULL;
    for (size_t i = 0; sum != NULL && i < (size_t)n * (size_t)n; i++)
        most = fmax(most, sum[i]);
    for (int a = 0; sum != NULL && a < n; a++) {
        for (int b = a + 1; b < n; b++) {
            double bytes = sum[(size_t)a * (size_t)n + (size_t)b], x1, y1, x2, y2;
            if (bytes <= 0.0)
                continue;
            place_of(l, vms, a, &x1, &y1);
            place_of(l, vms, b, &x2, &y2);
            draw_arc(to, x1, y1, x2, y2, fmax(0.4, WIDEST * bytes / most),
                     vms ? weiss_topology_level(t, t->vm[a].first, t->vm[b].first)
                         : weiss_topology_level(t, p->slot[a], p->slot[b]));
        }
    }
    free(sum);
}

static void draw_legend(FILE *to, const layout *l)
{
    weiss_plan_share share[WEISS_PLAN_LEVELS];
    weiss_cost_shares(l->plan->topology, l->plan->traffic, l->plan->slot, share);
    for (int i = 0; i < WEISS_PLAN_LEVELS; i++) {
        double y = l->height - FOOT + 18.0 * i;
        fprintf(to,
                "<path d='M %.1f %.1f h 30' stroke='%s' stroke-width='5' stroke-opacity='0.65'/>\n"
                "<text x='%.1f' y='%.1f' font-size='13'>%s: %.4g kB, %.4g messages a step</text>\n",
                GAP, y, colours[i], GAP + 40.0, y + 4.0, meanings[i], share[i].bytes * 1e-3,
                share[i].messages);
    }
}

void weiss_plan_picture(FILE *to, const weiss_plan *plan)
{
    const weiss_topology *t = plan->topology;
    layout l = {.plan = plan};
    l.server = calloc((size_t)t->nservers, sizeof *l.server);
    l.vm = calloc((size_t)t->nvms, sizeof *l.vm);
    if (l.server != NULL && l.vm != NULL) {
        lay_out(&l);
        fprintf(
            to,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='sans-serif'>\n"
            "<title>Plan of %d ranks</title>\n<rect width='100%%' height='100%%' fill='#fff'/>\n"
            "<text x='%.1f' y='26' font-size='16'>%d ranks, predicted communication %.4g us a step</text>\n",
            l.width, l.height, plan->traffic->nranks, GAP, plan->traffic->nranks, plan->times->plan * 1e6);
        draw_boxes(to, &l);
        draw_traffic(to, &l);
        draw_slots(to, &l);
        draw_legend(to, &l);
        fprintf(to, "</svg>\n");
    }
    free(l.server);
    free(l.vm);
}
