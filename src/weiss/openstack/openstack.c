/* weiss openstack: what an OpenStack cloud needs for fast MPI between its instances, and clusters of them. */
#include "weiss/openstack/openstack.h"

#include <stdlib.h>

int weiss_openstack_open(const weiss_command *command, const weiss_arguments *arguments,
                         const volatile sig_atomic_t *stop, weiss_cloud **cloud, weiss_fault *fault)
{
    weiss_cloud_login login;
    *cloud = NULL;
    if (weiss_arguments_get(command, arguments, "--dry-run") != NULL)
        return weiss_cloud_open_dry(stdout, cloud, fault);
    weiss_cloud_words *words = malloc(sizeof *words);
    if (words == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code =
        weiss_cloud_login_read(weiss_arguments_get(command, arguments, "--cloud"), &login, words, fault);
    if (code == 0)
        code = weiss_cloud_open(&login, stop, cloud, fault);
    weiss_cloud_forget(words);
    free(words);
    return code;
}

int weiss_openstack_conclude(int code, const volatile sig_atomic_t *stop, const weiss_fault *fault)
{
    if (code == 0)
        return WEISS_EXIT_DONE;
    if (code == WEISS_STOPPED)
        return WEISS_EXIT_SIGNAL + (int)*stop;
    fprintf(stderr, "weiss: %s\n", fault->text);
    return WEISS_EXIT_ERROR;
}

static const weiss_command *const cluster_children[] = {
    &weiss_command_cluster_up, &weiss_command_cluster_down, &weiss_command_cluster_status, NULL};

static const weiss_command command_cluster = {
    .name = "cluster",
    .summary = "Clusters of instances, as weiss cluster has them",
    .operands = "",
    .children = cluster_children,
    .text = "These are the same as weiss cluster up, down and status; the cluster file says that the "
            "machines are\n"
            "instances of a cloud.\n",
};

static const weiss_command *const children[] = {&weiss_command_openstack_flavors,
                                                &weiss_command_openstack_image, &command_cluster, NULL};

const weiss_command weiss_command_openstack = {
    .name = "openstack",
    .summary = "Flavors, images and clusters in an OpenStack cloud",
    .operands = "",
    .children = children,
    .text =
        "The login is that of OpenStack's own tools: OS_CLOUD or --cloud names one of clouds.yaml, else the\n"
        "variables OS_* of an openrc file count. An application credential is the best; nothing is asked "
        "for,\n"
        "and nothing of it is stored.\n"
        "\n"
        "Example:\n"
        "  weiss openstack flavors\n"
        "  weiss openstack image weiss.qcow2\n"
        "  weiss cluster up cluster-openstack.yaml\n",
};
