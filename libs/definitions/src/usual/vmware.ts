import { vmwareGuests } from './enumerations.js';
import { flag, flavor, image, oneOf, text, trueOrFalse, usual, whole } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

export const vmware: readonly NamespaceDocument[] = [
  usual('OS::Compute::VMware', 'VMware Driver Options', 'What hosts under vCenter read from an image: how its disk is written, and the devices that its guest knows.', {
    resource_type_associations: [image()],
    properties: {
      img_linked_clone: flag('Linked Clone', 'Whether servers share the image\'s disk and keep only what they change.'),
      vmware_adaptertype: oneOf('Disk Adapter', 'The controller of the root disk.', ['lsiLogic', 'lsiLogicsas', 'paraVirtual', 'busLogic', 'ide'], { default: 'lsiLogic' }),
      vmware_disktype: oneOf('Disk Type', 'How the VMDK is laid out.', ['streamOptimized', 'sparse', 'preallocated'], { default: 'preallocated' }),
      vmware_ostype: oneOf('Guest OS', 'The guest, as vSphere identifies it.', vmwareGuests, { default: 'otherGuest' }),
      hw_vif_model: oneOf('Network Adapter', 'The network card that the guest sees.', ['e1000', 'e1000e', 'VirtualE1000', 'VirtualE1000e', 'VirtualPCNet32', 'VirtualVmxnet', 'VirtualVmxnet3'], { default: 'e1000' }),
      hw_vif_multiqueue_enabled: trueOrFalse('Multiqueue Networking', 'Whether each virtual CPU gets a queue of the network card.'),
    },
  }),
  usual('OS::Compute::VMwareFlavor', 'VMware Driver Options for Flavors', 'What hosts under vCenter read from a flavor.', {
    resource_type_associations: [flavor()],
    properties: {
      'vmware:hw_version': oneOf('Hardware Version', 'The virtual hardware that servers get.', ['vmx-13', 'vmx-11', 'vmx-10', 'vmx-09', 'vmx-08', 'vmx-07', 'vmx-04', 'vmx-03']),
      'vmware:storage_policy': text('Storage Policy', 'The policy by which vCenter chooses the datastore.'),
    },
  }),
  usual('OS::Compute::VMwareQuotaFlavor', 'VMware Quota for Flavors', 'What a server may take of its host\'s processors under vCenter, and what it is sure to get.', {
    resource_type_associations: [flavor()],
    properties: {
      'quota:cpu_limit': whole('CPU Limit', 'The most processor time, in MHz; 0 is no limit.', { minimum: 0 }),
      'quota:cpu_reservation': whole('CPU Reservation', 'Processor time that is kept for the server, in MHz.', { minimum: 0 }),
    },
  }),
];
