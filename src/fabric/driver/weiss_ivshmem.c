// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's inter-VM shared memory (PCI 1af4:1110) for user space: the region mapped write-back, the doorbell's interrupts
 * through UIO.
 *
 * Each MSI-X vector V of a card is one UIO device of the name "weiss-ivshmem:V"; a card without interrupts
 * (ivshmem-plain) is one device of the name "weiss-ivshmem". Its parent in sysfs is the PCI device. read() waits for the
 * next ring and returns the number of rings so far; every opener sees every ring, and nothing has to be enabled again.
 *
 *   map "registers"  BAR0, uncached: peer number at 8 (read), doorbell at 12 (write)
 *   map "region"     BAR2, write-back
 *
 * Every device of a card has both maps, since a process usually opens only one of them.
 *
 * BAR2 is memory of the host and has no side effects. The kernel's own ways to map a BAR ask the MTRRs, which say
 * "uncached" for the hole below 4 GiB where firmware puts small BARs, and would turn a write-back mapping into an uncached
 * one; a hypervisor ignores the guest's MTRRs and honours the page tables. So the page table entries are written here.
 * The kernel itself never maps BAR2, and no other driver can while this one holds it.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uio_driver.h>
#include <linux/version.h>

#define DRIVER "weiss_ivshmem"
#define NAME "weiss-ivshmem"
#define BAR_REGISTERS 0
#define BAR_REGION 2

static const char registers_name[] = "registers";
static const char region_name[] = "region";

/* A device node by which a UIO device is open. There may be several: containers make their own. */
struct weiss_node {
    struct list_head link;
    struct inode *inode;
    unsigned int opens;
};

/* One UIO device. The UIO core calls its hooks one at a time. */
struct weiss_vector {
    struct uio_info info;
    struct list_head nodes;
    char name[sizeof(NAME) + 8];
};

struct weiss_card {
    int registered; /* devices, from the first */
    struct weiss_vector vector[];
};

static struct weiss_vector *to_vector(struct uio_info *info)
{
    return container_of(info, struct weiss_vector, info);
}

static struct weiss_node *find_node(struct weiss_vector *vector, struct inode *inode)
{
    struct weiss_node *node;

    list_for_each_entry(node, &vector->nodes, link)
    {
        if (node->inode == inode)
            return node;
    }
    return NULL;
}

static void drop_node(struct weiss_node *node)
{
    list_del(&node->link);
    iput(node->inode);
    kfree(node);
}

static int weiss_open(struct uio_info *info, struct inode *inode)
{
    struct weiss_vector *vector = to_vector(info);
    struct weiss_node *node = find_node(vector, inode);

    if (!node) {
        node = kzalloc(sizeof(*node), GFP_KERNEL);
        if (!node)
            return -ENOMEM;
        ihold(inode);
        node->inode = inode;
        list_add(&node->link, &vector->nodes);
    }
    node->opens++;
    return 0;
}

static int weiss_release(struct uio_info *info, struct inode *inode)
{
    struct weiss_node *node = find_node(to_vector(info), inode);

    if (node && --node->opens == 0)
        drop_node(node);
    return 0;
}

static irqreturn_t weiss_interrupt(int irq, struct uio_info *info)
{
    return IRQ_HANDLED; /* MSI-X needs no acknowledgement; the UIO core counts and wakes */
}

static const struct vm_operations_struct weiss_vm_ops = {
#ifdef CONFIG_HAVE_IOREMAP_PROT
    .access = generic_access_phys, /* for debuggers */
#endif
};

struct weiss_pages {
    struct mm_struct *mm;
    unsigned long pfn;
    pgprot_t prot;
};

static int set_page(pte_t *pte, unsigned long address, void *data)
{
    struct weiss_pages *pages = data;

    set_pte_at(pages->mm, address, pte, pte_mkspecial(pfn_pte(pages->pfn++, pages->prot)));
    return 0;
}

static void set_flags(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
    vm_flags_set(vma, flags);
#else
    vma->vm_flags |= flags;
#endif
}

static int map_region(struct vm_area_struct *vma, unsigned long pfn)
{
    struct weiss_pages pages = {
        .mm = vma->vm_mm,
        .pfn = pfn,
        .prot = pgprot_decrypted(vma->vm_page_prot),
    };

    set_flags(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
    return apply_to_page_range(vma->vm_mm, vma->vm_start, vma->vm_end - vma->vm_start, set_page, &pages);
}

static int map_registers(struct vm_area_struct *vma, unsigned long pfn)
{
    vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
    return io_remap_pfn_range(vma, vma->vm_start, pfn, vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* The UIO core has checked the number of the map, which is in vm_pgoff, and the length against the map's. */
static int weiss_mmap(struct uio_info *info, struct vm_area_struct *vma)
{
    const struct uio_mem *mem = &info->mem[vma->vm_pgoff];

    /* A private mapping would want to copy pages that the kernel has no struct page for. */
    if (!(vma->vm_flags & VM_SHARED) || !(vma->vm_flags & VM_READ) || (vma->vm_flags & VM_EXEC))
        return -EINVAL;
    if (vma->vm_end - vma->vm_start > PAGE_ALIGN(mem->size))
        return -EINVAL;
    vma->vm_ops = &weiss_vm_ops;
    if (mem->name == region_name)
        return map_region(vma, PHYS_PFN(mem->addr));
    return map_registers(vma, PHYS_PFN(mem->addr));
}

/*
 * Can BAR0 be mapped without showing the registers of other devices? It has 256 bytes; the rest of its page must be
 * nobody's.
 */
static bool registers_alone(struct pci_dev *pdev)
{
    resource_size_t start = pci_resource_start(pdev, BAR_REGISTERS);
    resource_size_t size = pci_resource_len(pdev, BAR_REGISTERS);

    if (!size || !PAGE_ALIGNED(start))
        return false;
    return size >= PAGE_SIZE || devm_request_mem_region(&pdev->dev, start + size, PAGE_SIZE - size, DRIVER);
}

static void add_map(struct uio_info *info, const char *name, struct pci_dev *pdev, int bar)
{
    struct uio_mem *mem = info->mem;

    while (mem->size)
        mem++;
    mem->name = name;
    mem->addr = pci_resource_start(pdev, bar);
    mem->size = PAGE_ALIGN(pci_resource_len(pdev, bar));
    mem->memtype = UIO_MEM_PHYS;
}

/* Makes the UIO device of vector number v; v < 0: that of a card without vectors. */
static int add_vector(struct pci_dev *pdev, struct weiss_vector *vector, int v, bool registers)
{
    struct uio_info *info = &vector->info;

    INIT_LIST_HEAD(&vector->nodes);
    if (v < 0)
        snprintf(vector->name, sizeof(vector->name), NAME);
    else
        snprintf(vector->name, sizeof(vector->name), NAME ":%d", v);
    info->name = vector->name;
    info->version = "1";
    info->irq = v < 0 ? UIO_IRQ_NONE : pci_irq_vector(pdev, v);
    info->handler = weiss_interrupt;
    info->open = weiss_open;
    info->release = weiss_release;
    info->mmap = weiss_mmap;
    if (registers)
        add_map(info, registers_name, pdev, BAR_REGISTERS);
    add_map(info, region_name, pdev, BAR_REGION);
    return uio_register_device(&pdev->dev, info);
}

/* Readers that wait get an error; mappings vanish, so that nobody writes to addresses which may soon be another device's. */
static void remove_vector(struct weiss_vector *vector)
{
    struct weiss_node *node, *next;

    uio_unregister_device(&vector->info);
    list_for_each_entry_safe(node, next, &vector->nodes, link)
    {
        unmap_mapping_range(node->inode->i_mapping, 0, 0, 1);
        drop_node(node);
    }
}

static void remove_vectors(struct weiss_card *card)
{
    while (card->registered > 0)
        remove_vector(&card->vector[--card->registered]);
}

static int add_vectors(struct pci_dev *pdev, struct weiss_card *card, int vectors)
{
    bool registers = registers_alone(pdev);
    int error;

    if (!registers)
        dev_warn(&pdev->dev, "the registers share a page with another device, so user space cannot ring; "
                             "boot with pci=resource_alignment=12@pci:1af4:1110\n");
    do {
        int v = vectors ? card->registered : -1;

        error = add_vector(pdev, &card->vector[card->registered], v, registers);
        if (error) {
            remove_vectors(card);
            return error;
        }
    } while (++card->registered < vectors);
    return 0;
}

/* Number of interrupts that the card got; 0 when it has none. */
static int get_interrupts(struct pci_dev *pdev, int wanted)
{
    int vectors;

    if (wanted <= 0)
        return 0;
    vectors = pci_alloc_irq_vectors(pdev, 1, wanted, PCI_IRQ_MSIX);
    if (vectors < 0) {
        dev_warn(&pdev->dev, "no interrupts (%d): the region can be used, the doorbell cannot\n", vectors);
        return 0;
    }
    if (vectors < wanted)
        dev_warn(&pdev->dev, "%d of %d interrupts\n", vectors, wanted);
    return vectors;
}

static bool region_usable(struct pci_dev *pdev)
{
    return (pci_resource_flags(pdev, BAR_REGION) & IORESOURCE_MEM) && pci_resource_len(pdev, BAR_REGION) &&
           PAGE_ALIGNED(pci_resource_start(pdev, BAR_REGION)) &&
           PAGE_ALIGNED(pci_resource_len(pdev, BAR_REGION));
}

static int weiss_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
    int wanted = pci_msix_vec_count(pdev), vectors, error;
    struct weiss_card *card = kvzalloc(struct_size(card, vector, max(wanted, 1)), GFP_KERNEL);

    if (!card)
        return -ENOMEM;
    error = pci_enable_device(pdev);
    if (error)
        goto free;
    error = pci_request_regions(pdev, DRIVER);
    if (error)
        goto disable;
    if (!region_usable(pdev)) {
        dev_err(&pdev->dev, "BAR%d has no region of whole pages\n", BAR_REGION);
        error = -ENODEV;
        goto release;
    }
    pci_set_master(pdev); /* interrupts are writes of the device */
    vectors = get_interrupts(pdev, wanted);
    error = add_vectors(pdev, card, vectors);
    if (error)
        goto interrupts;
    pci_set_drvdata(pdev, card);
    dev_info(&pdev->dev, "region of %llu MiB, %d interrupts\n",
             (unsigned long long)pci_resource_len(pdev, BAR_REGION) >> 20, vectors);
    return 0;

interrupts:
    pci_free_irq_vectors(pdev);
release:
    pci_release_regions(pdev);
disable:
    pci_disable_device(pdev);
free:
    kvfree(card);
    return error;
}

static void weiss_remove(struct pci_dev *pdev)
{
    struct weiss_card *card = pci_get_drvdata(pdev);

    remove_vectors(card);
    pci_free_irq_vectors(pdev);
    pci_release_regions(pdev);
    pci_disable_device(pdev);
    kvfree(card);
}

static const struct pci_device_id weiss_ids[] = {
    {PCI_DEVICE(0x1af4, 0x1110)},
    {0},
};
MODULE_DEVICE_TABLE(pci, weiss_ids);

/* Suspend and resume need no code: the region lives in the host, and the PCI core saves and restores BARs and MSI-X. */
static struct pci_driver weiss_driver = {
    .name = DRIVER,
    .id_table = weiss_ids,
    .probe = weiss_probe,
    .remove = weiss_remove,
};
module_pci_driver(weiss_driver);

MODULE_DESCRIPTION("QEMU inter-VM shared memory for user space: write-back mapping and doorbell interrupts");
MODULE_AUTHOR("The Weiss developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
