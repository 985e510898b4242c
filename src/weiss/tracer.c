#include "weiss/tracer.h"

#include "weiss/fabric-settings.h"

bool weiss_tracer_find(char *path)
{
    return weiss_fabric_locate("src/plan/trace/" WEISS_TRACER_LIBRARY, WEISS_LIB_DIR "/" WEISS_TRACER_LIBRARY,
                               path);
}

int weiss_tracer_split(const char *times_text, const char *traffic_text, const int *server, bool direct,
                       weiss_split *split, weiss_fault *fault)
{
    weiss_times times;
    weiss_traffic traffic;
    weiss_topology speeds = weiss_topology_start(); /* the defaults */
    if (!direct)
        speeds.speed[WEISS_PLAN_SERVER] = speeds.speed[WEISS_PLAN_NETWORK];
    WEISS_FAULT_TRY(weiss_times_parse("times", times_text, &times, fault));
    int code = weiss_traffic_parse("traffic", traffic_text, &traffic, fault);
    if (code == 0)
        code = weiss_split_times(&times, &traffic, server, speeds.speed, split, fault);
    weiss_traffic_free(&traffic);
    weiss_times_free(&times);
    return code;
}
