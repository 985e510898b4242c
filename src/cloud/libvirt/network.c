/* The network of a cluster: a bridge that leads nowhere but to this machine. */
#include "cloud/libvirt/domains.h"
#include "cloud/libvirt/xml.h"

int weiss_domains_network_xml(const weiss_domains *d, char **out, weiss_fault *fault)
{
    weiss_xml xml;
    char name[WEISS_DOMAIN_NAME], bridge_name[WEISS_BRIDGE_NAME];
    xmlNode *root;
    WEISS_FAULT_TRY(weiss_xml_start(&xml, "network", &root, fault));
    weiss_xml_add(&xml, root, "name", weiss_domains_name(d, -1, name));
    weiss_xml_add(&xml, root, "uuid", d->network);
    xmlNode *bridge = weiss_xml_add(&xml, root, "bridge", NULL);
    weiss_xml_set(&xml, bridge, "name", "%s", weiss_domains_bridge(d, bridge_name));
    weiss_xml_set(&xml, bridge, "stp", "off");
    weiss_xml_set(&xml, bridge, "delay", "0");
    /* Neither names nor addresses are served: no dnsmasq runs. */
    weiss_xml_set(&xml, weiss_xml_add(&xml, root, "dns", NULL), "enable", "no");
    xmlNode *ip = weiss_xml_add(&xml, root, "ip", NULL);
    weiss_xml_set(&xml, ip, "address", "10.77.%d.254", d->subnet);
    weiss_xml_set(&xml, ip, "netmask", "255.255.255.0");
    return weiss_xml_finish(&xml, out, fault);
}
