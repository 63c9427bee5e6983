import { flag, flavor, image, oneOf, text, trueOrFalse, usual, volume, whole, yesOrNo } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

const buses = ['scsi', 'virtio', 'uml', 'xen', 'ide', 'usb', 'fdc', 'sata', 'lxc'];

export const computeImages: readonly NamespaceDocument[] = [
  usual('OS::Compute::Hypervisor', 'Hypervisor Selection', 'Which hypervisor can run the image. A cloud with hosts of several kinds places servers by it.', {
    resource_type_associations: [image()],
    properties: {
      hypervisor_type: oneOf('Hypervisor Type', 'The hypervisor that the image was made for.', ['baremetal', 'hyperv', 'kvm', 'lxc', 'powervm', 'qemu', 'uml', 'vmware', 'vz', 'xen']),
      vm_mode: oneOf('VM Mode', 'How the guest talks to the hypervisor: fully virtualized, or with its help.', ['hvm', 'xen', 'uml', 'exe']),
    },
  }),
  usual('OS::Compute::InstanceData', 'Instance Config Data', 'How a server that boots from the image is told about itself, and how snapshots of it are taken.', {
    resource_type_associations: [image(), volume()],
    properties: {
      img_config_drive: oneOf('Config Drive', 'Whether the guest needs its metadata on a drive of its own.', ['optional', 'mandatory']),
      os_require_quiesce: yesOrNo('Require Quiescent File System', 'Whether a snapshot fails when the guest agent cannot freeze the file systems first.'),
    },
  }),
  usual('OS::Compute::GuestShutdownBehavior', 'Shutdown Behavior', 'How long a guest may take to shut down in order before its power is cut.', {
    resource_type_associations: [image()],
    properties: { os_shutdown_timeout: whole('Shutdown Timeout', 'Seconds that the guest gets.', { minimum: 0 }) },
  }),
  usual('OS::Compute::LibvirtImage', 'libvirt Driver Options for Images', 'The devices that a guest under libvirt (KVM, QEMU) is given: choose what its operating system has drivers for.', {
    resource_type_associations: [image()],
    properties: {
      hw_cdrom_bus: oneOf('CD-ROM Bus', 'The bus of CD-ROM drives.', buses),
      hw_disk_bus: oneOf('Disk Bus', 'The bus of disks.', buses),
      hw_firmware_type: oneOf('Firmware Type', 'The firmware that boots the guest.', ['bios', 'uefi']),
      hw_firmware_stateless: flag('Stateless Firmware', 'Whether the firmware forgets its variables when the server stops. Guests with encrypted memory want this.'),
      hw_rng_model: text('Random Number Device', 'The model of the device that gives the guest random numbers.', { default: 'virtio' }),
      hw_machine_type: text('Machine Type', 'The machine that is emulated, by QEMU\'s name: q35, pc, virt.'),
      hw_scsi_model: text('SCSI Controller', 'The model of the SCSI controller, where the bus is scsi.', { default: 'virtio-scsi' }),
      hw_video_model: oneOf('Video Adapter', 'The graphics card that the guest sees.', ['vga', 'cirrus', 'vmvga', 'xen', 'qxl', 'virtio', 'gop', 'none', 'bochs']),
      hw_video_ram: whole('Video RAM', 'Graphics memory in MB; the flavor bounds it.', { minimum: 0 }),
      os_command_line: text('Kernel Command Line', 'What the kernel is told at boot. Only where the image comes with a kernel of its own image.'),
      os_type: oneOf('OS Type', 'The family of the guest\'s operating system.', ['linux', 'windows']),
      hw_vif_model: oneOf('Network Adapter', 'The network card that the guest sees.', ['e1000', 'e1000e', 'ne2k_pci', 'netfront', 'pcnet', 'rtl8139', 'spapr-vlan', 'virtio', 'vmxnet3', 'igb']),
      hw_vif_multiqueue_enabled: trueOrFalse('Multiqueue Networking', 'Whether each virtual CPU gets a queue of the network card.'),
      hw_pmu: trueOrFalse('Performance Counters', 'Whether the guest can use the processor\'s performance counters.'),
      hw_qemu_guest_agent: yesOrNo('QEMU Guest Agent', 'Whether the guest runs the agent that lets the host freeze file systems and set passwords.'),
      hw_pointer_model: oneOf('Pointer Model', 'The pointing device; without it the console\'s mouse drifts.', ['usbtablet']),
      img_hide_hypervisor_id: yesOrNo('Hide Hypervisor', 'Whether the guest is kept from seeing that it runs under a hypervisor, which some drivers of graphics cards refuse.'),
    },
  }),
  usual('OS::Compute::Libvirt', 'libvirt Driver Options', 'Devices and features of a guest under libvirt that image and flavor can both ask for.', {
    resource_type_associations: [image('hw_'), flavor('hw:')],
    properties: {
      serial_port_count: whole('Serial Ports', 'How many serial ports the guest has.', { minimum: 0 }),
      boot_menu: trueOrFalse('Boot Menu', 'Whether the firmware waits for a choice of the boot device.'),
      mem_encryption: trueOrFalse('Memory Encryption', 'Whether the guest\'s memory is encrypted by the host\'s hardware.'),
      mem_encryption_model: oneOf('Memory Encryption Model', 'The technique of that encryption.', ['amd-sev', 'amd-sev-es', 'amd-sev-snp']),
      virtio_packed_ring: trueOrFalse('Packed Rings', 'Whether virtio devices use packed rings, which are faster where the guest knows them.'),
    },
  }),
  usual('OS::Compute::Watchdog', 'Watchdog Behavior', 'What happens when a guest with a watchdog device no longer answers it.', {
    resource_type_associations: [image('hw_'), volume('hw_'), flavor('hw:')],
    properties: { watchdog_action: oneOf('Watchdog Action', 'What is done with the server.', ['disabled', 'reset', 'poweroff', 'pause', 'none']) },
  }),
  usual('OS::Compute::XenAPI', 'XenAPI Driver Options', 'What hosts under XenAPI read from an image.', {
    resource_type_associations: [image()],
    properties: { auto_disk_config: flag('Disk Adapter', 'Whether the root partition grows to the size of its disk before the first boot.') },
  }),
  usual('OS::Compute::TPM', 'TPM Options', 'The trusted platform module that the guest is given.', {
    resource_type_associations: [flavor('hw:'), image('hw_')],
    properties: {
      tpm_model: oneOf('TPM Model', 'The interface of the module; tpm-crb is of version 2.0 only.', ['tpm-tis', 'tpm-crb'], { operators: ['<or>'], default: 'tpm-tis' }),
      tpm_version: oneOf('TPM Version', 'The version of the module.', ['1.2', '2.0'], { operators: ['<or>'] }),
    },
  }),
  usual('OS::Compute::VTPM', 'Hosts with TPM', 'Asks for a host that can give a trusted platform module to its guests.', {
    resource_type_associations: [flavor('traits:'), image('traits:')],
    properties: {
      COMPUTE_SECURITY_TPM_1_2: oneOf('TPM 1.2', 'The host must offer version 1.2.', ['required'], { default: 'required' }),
      COMPUTE_SECURITY_TPM_2_0: oneOf('TPM 2.0', 'The host must offer version 2.0.', ['required'], { default: 'required' }),
    },
  }),
];
