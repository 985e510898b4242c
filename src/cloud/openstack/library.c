#include "cloud/openstack/library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define NAME "libcurl.so.4"

int weiss_curl_load(weiss_curl *curl, weiss_fault *fault)
{
#define X(function) {#function, offsetof(weiss_curl, function)},
    static const struct {
        const char *name;
        size_t place;
    } entries[] = {WEISS_CURL_FUNCTIONS(X)};
#undef X
    void *library = dlopen(NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "OpenStack is asked with " NAME
                               ", which cannot be loaded (%s): install the package libcurl4",
                               dlerror());
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        void *address = dlsym(library, entries[i].name);
        if (address == NULL)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, NAME " has no function %s: it is too old",
                                   entries[i].name);
        memcpy((char *)curl + entries[i].place, &address, sizeof address);
    }
    return curl->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_SYSTEM, NAME " cannot be initialised");
}
