import { cpuFeatures } from './enumerations.js';
import { aggregate, flavor, list, number, oneOf, usual, whole } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

const models = [
  'Conroe', 'Core2Duo', 'Penryn', 'Nehalem', 'Westmere', 'SandyBridge', 'IvyBridge', 'Haswell', 'Broadwell', 'Delhi', 'Seoul', 'Abu Dhabi', 'Interlagos',
  'Kabini', 'Valencia', 'Zurich', 'Budapest', 'Barcelona', 'Suzuka', 'Shanghai', 'Istanbul', 'Lisbon', 'Magny-Cours', 'Cortex-A57', 'Cortex-A53',
  'Cortex-A12', 'Cortex-A17', 'Cortex-A15', 'Cortex-A7', 'X-Gene'];
const either = { operators: ['<or>'] };

export const computeHosts: readonly NamespaceDocument[] = [
  usual('OS::Compute::HostCapabilities', 'Compute Host Capabilities', 'What a host\'s processors must be able to do. A scheduler with the filter of compute capabilities places servers by it.', {
    resource_type_associations: [flavor('capabilities:'), aggregate('aggregate_instance_extra_specs:')],
    properties: {
      'cpu_info:vendor': oneOf('Vendor', 'Who made the processor.', ['Intel', 'AMD'], either),
      'cpu_info:model': oneOf('Model', 'The processor\'s family, by its maker\'s name.', models, either),
      'cpu_info:arch': oneOf('Architecture', 'The instruction set.', ['x86', 'x86_64', 'i686', 'ia64', 'ARMv8-A', 'ARMv7-A'], either),
      'cpu_info:topology:cores': whole('Cores', 'Cores of each socket.', { default: 1, readonly: false }),
      'cpu_info:topology:threads': whole('Threads', 'Threads of each core.', { default: 1, readonly: false }),
      'cpu_info:topology:sockets': whole('Sockets', 'Sockets of the host.', { default: 1, readonly: false }),
      'cpu_info:features': list('Features', 'What the processor can do beyond its instruction set.', { operators: ['<or>', '<all-in>'], items: { type: 'string', enum: cpuFeatures } }),
    },
  }),
  usual('OS::Compute::AggregateDiskFilter', 'Disk Allocation per Host', 'How far the hosts of an aggregate may promise more disk than they have.', {
    resource_type_associations: [aggregate()],
    properties: { disk_allocation_ratio: number('Disk Allocation Ratio', 'Promised disk over real disk: 1.0 promises what is there.', { readonly: false }) },
  }),
  usual('OS::Compute::AggregateIoOpsFilter', 'I/O Operations per Host', 'How busy a host of an aggregate may be with disks before no server is placed there.', {
    resource_type_associations: [aggregate()],
    properties: { max_io_ops_per_host: whole('I/O Operations', 'The most servers of a host that are built, copied, resized or snapshotted at the same time.', { readonly: false, default: 8, minimum: 1 }) },
  }),
  usual('OS::Compute::AggregateNumInstancesFilter', 'Instances per Host', 'How many servers a host of an aggregate takes.', {
    protected: false,
    resource_type_associations: [aggregate()],
    properties: { max_instances_per_host: whole('Instances', 'The most servers of a host.', { readonly: false, minimum: 0 }) },
  }),
];
