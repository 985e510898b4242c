#include "cloud/agent/daemon/backing.h"

#include "cloud/agent/daemon/server.h"
#include "cloud/agent/region-file.h"

#include <stdio.h>

int weiss_backing_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                       weiss_fault *fault)
{
    if (!settings->doorbell)
        return weiss_region_file_make(settings, name, bytes, fault);
    return weiss_doorbell_make(settings, name, bytes, fault);
}

int weiss_backing_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                        weiss_fault *fault)
{
    if (!settings->doorbell)
        return weiss_region_file_check(settings, name, bytes, fault);
    return weiss_doorbell_check(settings, name, bytes, fault);
}

int weiss_backing_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault)
{
    /* Also what was made when the settings were others. */
    int code = weiss_doorbell_remove(settings, name, fault);
    return code != 0 ? code : weiss_region_file_remove(settings, name, fault);
}

int weiss_backing_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                       void *data, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_region_file_list(settings, found, data, fault));
    return weiss_doorbell_list(settings, found, data, fault);
}

const char *weiss_backing_socket(const weiss_agent_settings *settings, const char *name,
                                 char path[WEISS_BACKING_PATH])
{
    if (!settings->doorbell)
        return NULL;
    snprintf(path, WEISS_BACKING_PATH, "%s/%s/%s.sock", settings->run, WEISS_DOORBELL_DIRECTORY, name);
    return path;
}

void weiss_backing_rest(const weiss_agent_settings *settings)
{
    weiss_doorbell_rest(settings);
}
