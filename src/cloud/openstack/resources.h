/* Resources of a cloud that have a name and an id: found, made, removed. A dry cloud finds nothing, and gives ids such as
 * "<id of network net>". */
#ifndef WEISS_CLOUD_OPENSTACK_RESOURCES_H
#define WEISS_CLOUD_OPENSTACK_RESOURCES_H

#include "cloud/openstack/cloud.h"

#define WEISS_CLOUD_ID 128

/** A kind of resource. */
typedef struct weiss_cloud_kind {
    const char *what; /**< for messages, and the word that wraps one of them: "port" */
    const char *list; /**< that wraps a list: "ports" */
    const char *service;
    const char *path; /**< "/v2.0/ports" */
    const char *details; /**< added to the path for a list with all that is known of each, "?" included; "" */
    bool wrapped; /**< one of them is {"port": {...}}; else the object itself */
} weiss_cloud_kind;

extern const weiss_cloud_kind weiss_kind_server, weiss_kind_flavor, weiss_kind_group, weiss_kind_keypair,
    weiss_kind_image, weiss_kind_network, weiss_kind_subnet, weiss_kind_port, weiss_kind_security,
    weiss_kind_floating;

/** Calls @p found for each of a kind, over all pages, until it returns something else than 0.
 *  @param filter  further words of the query, such as "name=a", quoted; "" for none
 *  @return what @p found returned, or as weiss_cloud_ask */
int weiss_cloud_each(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *filter,
                     int (*found)(void *data, json_object *one), void *data, weiss_fault *fault);
/** Finds the one with a name or an id.
 *  @param[out] one  put by the caller; NULL: there is none, or the cloud is dry
 *  @return 0; WEISS_ERR_VALUE (several have the name); as weiss_cloud_ask */
int weiss_cloud_find(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *name, json_object **one,
                     weiss_fault *fault);
/** The same where it has to be there; on a dry cloud its id is made up.
 *  @param[out] one  put by the caller; may be NULL
 *  @return 0; WEISS_ERR_FILE (there is none: says which there are) */
int weiss_cloud_need(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *name,
                     char id[WEISS_CLOUD_ID], json_object **one, weiss_fault *fault);
/** Makes one. @param about  what it is to be, put here, also on failure @param[out] one  put by the caller; may be NULL */
int weiss_cloud_make(weiss_cloud *cloud, const weiss_cloud_kind *kind, json_object *about,
                     char id[WEISS_CLOUD_ID], json_object **one, weiss_fault *fault);
/** Removes one. What is not there is passed over. */
int weiss_cloud_remove(weiss_cloud *cloud, const weiss_cloud_kind *kind, const char *id, weiss_fault *fault);

#endif
