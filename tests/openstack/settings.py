"""Settings of the services: what a small cloud of one server needs beside the packages' defaults."""
import os

import spaces

PASSWORD = "secret"
HERE = "127.0.0.1"
KEYSTONE = f"http://{HERE}:5000/v3"
PORTS = {"keystone": 5000, "glance": 9292, "placement": 8778, "nova": 8774, "neutron": 9696}
QUEUE = f"rabbit://guest:guest@{HERE}:5672/"
NETWORK = "outside"  # Neutron's word for the network behind card0


def database(name):
    return {"connection": f"mysql+pymysql://cloud:{PASSWORD}@{HERE}/{name}"}


def login(user):
    return {"auth_url": KEYSTONE, "auth_type": "password", "project_domain_name": "Default", "user_domain_name": "Default",
            "project_name": "service", "username": user, "password": PASSWORD, "region_name": "RegionOne"}


def guarded(user):
    """A service that asks Keystone who calls."""
    return {"www_authenticate_uri": KEYSTONE, "memcached_servers": f"{HERE}:11211", **login(user)}


# A worker of uwsgi may sleep for longer than RabbitMQ's patience; without heartbeats the connection stays.
PATIENT = {"heartbeat_timeout_threshold": "0"}


def keystone():
    return {"database": database("keystone"), "token": {"provider": "fernet"},
            "cache": {"enabled": "true", "backend": "dogpile.cache.memcached", "memcache_servers": f"{HERE}:11211"}}


def glance():
    return {"DEFAULT": {"bind_host": HERE, "workers": "1", "log_file": "/var/log/glance/glance-api.log"},
            "database": database("glance"), "keystone_authtoken": guarded("glance"), "paste_deploy": {"flavor": "keystone"},
            "glance_store": {"stores": "file", "default_store": "file", "filesystem_store_datadir": "/var/lib/glance/images"},
            "oslo_messaging_notifications": {"driver": "noop"}, "oslo_concurrency": {"lock_path": "/var/lib/glance"}}


def placement():
    return {"api": {"auth_strategy": "keystone"}, "placement_database": database("placement"),
            "keystone_authtoken": guarded("placement")}


def nova():
    return {
        "DEFAULT": {"my_ip": HERE, "state_path": "/var/lib/nova", "transport_url": QUEUE, "reserved_host_memory_mb": "512",
                    "resume_guests_state_on_host_boot": "true", "force_config_drive": "true"},
        "api": {"auth_strategy": "keystone"},
        "api_database": database("nova_api"), "database": database("nova"), "oslo_messaging_rabbit": PATIENT,
        "conductor": {"workers": "1"}, "scheduler": {"workers": "1", "discover_hosts_in_cells_interval": "5"},
        "filter_scheduler": {"enabled_filters": "ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,"
                             "ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,NUMATopologyFilter"},
        "glance": {"api_servers": f"http://{HERE}:{PORTS['glance']}"}, "oslo_concurrency": {"lock_path": "/var/lib/nova/tmp"},
        "vnc": {"enabled": "false"},
        # OpenBLAS takes qemu64, which would be without these two, for a processor that knows more than it does.
        "libvirt": {"virt_type": "qemu", "cpu_mode": "custom", "cpu_models": "Nehalem",
                    "num_pcie_ports": "16", "wait_soft_reboot_seconds": "180"},
        "placement": login("placement"), "neutron": login("neutron"), "keystone_authtoken": guarded("nova"),
        "service_user": {"send_service_user_token": "true", **login("nova")}}


def neutron():
    return {
        "DEFAULT": {"core_plugin": "ml2", "service_plugins": "router", "auth_strategy": "keystone", "transport_url": QUEUE,
                    "state_path": "/var/lib/neutron", "api_workers": "1", "rpc_workers": "1",
                    "notify_nova_on_port_status_changes": "true", "notify_nova_on_port_data_changes": "true"},
        "oslo_messaging_rabbit": PATIENT, "experimental": {"linuxbridge": "true"}, "database": database("neutron"),
        "oslo_concurrency": {"lock_path": "/var/lib/neutron/tmp"}, "nova": login("nova"),
        "agent": {"root_helper": "sudo neutron-rootwrap /etc/neutron/rootwrap.conf"}, "keystone_authtoken": guarded("neutron")}


def plugin():
    return {"ml2": {"type_drivers": "flat", "tenant_network_types": "", "mechanism_drivers": "linuxbridge",
                    "extension_drivers": "port_security"},
            "ml2_type_flat": {"flat_networks": NETWORK}, "securitygroup": {"enable_security_group": "true"}}


def bridges():
    return {"linux_bridge": {"physical_interface_mappings": f"{NETWORK}:card0"}, "vxlan": {"enable_vxlan": "false"},
            "securitygroup": {"enable_security_group": "true", "firewall_driver": "iptables"}}


FILES = {"/etc/keystone/keystone.conf": keystone, "/etc/glance/glance-api.conf": glance,
         "/etc/placement/placement.conf": placement, "/etc/nova/nova.conf": nova, "/etc/neutron/neutron.conf": neutron,
         "/etc/neutron/plugins/ml2/ml2_conf.ini": plugin, "/etc/neutron/plugins/ml2/linuxbridge_agent.ini": bridges}


def write(more=None):
    """Writes all files, which keep owner and mode. @param more  {file: {section: {key: value}}} in addition"""
    for path, make in FILES.items():
        made = make()
        for section, values in (more or {}).get(path, {}).items():
            made.setdefault(section, {}).update(values)
        with open(path, "w", encoding="ascii") as file:
            for section, values in made.items():
                file.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))
    with open("/etc/libvirt/libvirtd.conf", "a", encoding="utf-8") as file:
        file.write('\nunix_sock_group = "libvirt"\nauth_unix_rw = "none"\n'
                   'log_outputs = "2:file:/var/log/libvirt/libvirtd.log"\n')
    for path in ("/var/lib/nova/tmp", "/var/lib/neutron/tmp", "/var/lib/nova/instances", "/var/lib/glance/images"):
        spaces.like(os.path.dirname(path), path)
