#include "cloud/libvirt/library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/** A function and its place in the structure. */
typedef struct entry {
    const char *name;
    size_t place;
} entry;

/** Loads a library and fills a structure of pointers to its functions. */
static int load(const char *name, const char *package, const entry *entries, void *structure,
                weiss_fault *fault)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "clusters on libvirt need %s, which cannot be loaded (%s): install the package %s", name,
            dlerror(), package);
    for (; entries->name != NULL; entries++) {
        void *address = dlsym(library, entries->name);
        if (address == NULL)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s has no function %s: it is too old", name,
                                   entries->name);
        memcpy((char *)structure + entries->place, &address, sizeof address);
    }
    return 0;
}

int weiss_libvirt_load(weiss_libvirt *library, weiss_fault *fault)
{
#define X(function) {#function, offsetof(weiss_libvirt, function)},
    static const entry entries[] = {WEISS_LIBVIRT_FUNCTIONS(X){NULL, 0}};
#undef X
    return load("libvirt.so.0", "libvirt0", entries, library, fault);
}

int weiss_libxml_load(weiss_libxml *library, weiss_fault *fault)
{
#define X(function) {#function, offsetof(weiss_libxml, function)},
    static const entry entries[] = {WEISS_LIBXML_FUNCTIONS(X){NULL, 0}};
#undef X
    return load("libxml2.so.2", "libxml2", entries, library, fault);
}
