/* libcurl, loaded when a cloud is asked for something: linked, it and the thirty libraries that it needs would be loaded at
 * every start of the program, and be shipped with it to every machine. */
#ifndef WEISS_CLOUD_OPENSTACK_LIBRARY_H
#define WEISS_CLOUD_OPENSTACK_LIBRARY_H

#include "base/fault.h"

#define CURL_DISABLE_TYPECHECK /* its checks are macros that want the functions linked */
#include <curl/curl.h>

#define WEISS_CURL_FUNCTIONS(X)                                                                              \
    X(curl_easy_cleanup)                                                                                     \
    X(curl_easy_getinfo)                                                                                     \
    X(curl_easy_init)                                                                                        \
    X(curl_easy_perform)                                                                                     \
    X(curl_easy_reset)                                                                                       \
    X(curl_easy_setopt)                                                                                      \
    X(curl_easy_strerror)                                                                                    \
    X(curl_global_init)                                                                                      \
    X(curl_slist_append)                                                                                     \
    X(curl_slist_free_all)

/* With CURL_DISABLE_TYPECHECK these are macros that count arguments. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define X(function) __typeof__(&function) function;
typedef struct weiss_curl {
    WEISS_CURL_FUNCTIONS(X)
} weiss_curl;
#undef X

/** Finds the functions; the library stays loaded. @return 0, WEISS_ERR_SYSTEM (the text names the package) */
int weiss_curl_load(weiss_curl *library, weiss_fault *fault);

#endif
