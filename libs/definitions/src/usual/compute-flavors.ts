import { flag, flavor, image, oneOf, text, usual, volume, whole } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

export const computeFlavors: readonly NamespaceDocument[] = [
  usual('OS::Compute::CPUPinning', 'CPU Pinning', 'Whether a server\'s virtual CPUs have physical ones of their own, and how those share a core.', {
    resource_type_associations: [image('hw_'), volume('hw_'), flavor('hw:')],
    properties: {
      cpu_policy: oneOf('CPU Pinning Policy', 'Virtual CPUs float over the host\'s (shared), or each is bound to one (dedicated).', ['shared', 'dedicated']),
      cpu_thread_policy: oneOf('CPU Thread Policy', 'What dedicated CPUs do with hardware threads: take whole cores alone, prefer siblings, or insist on them.', ['isolate', 'prefer', 'require']),
    },
  }),
  usual('OS::Compute::VirtCPUTopology', 'Virtual CPU Topology', 'How a guest sees its virtual CPUs: as sockets, cores and threads. Licences and schedulers of operating systems count them.', {
    resource_type_associations: [image('hw_'), volume('hw_'), flavor('hw:')],
    properties: {
      cpu_sockets: whole('Sockets', 'The number of sockets wanted.'),
      cpu_cores: whole('Cores', 'The number of cores a socket wanted.'),
      cpu_threads: whole('Threads', 'The number of threads a core wanted.'),
      cpu_max_sockets: whole('Max Sockets', 'The most sockets that the guest can take.'),
      cpu_max_cores: whole('Max Cores', 'The most cores a socket that the guest can take.'),
      cpu_max_threads: whole('Max Threads', 'The most threads a core that the guest can take.'),
    },
  }),
  usual('OS::Compute::GuestMemoryBacking', 'Guest Memory Backing', 'The size of the host\'s memory pages behind a guest\'s memory.', {
    resource_type_associations: [flavor('hw:'), image('hw_'), volume('hw_')],
    properties: { mem_page_size: text('Page Size', 'small, large, any, or a size such as 2MB or 1GB.') },
  }),
  usual('OS::Compute::RandomNumberGenerator', 'Random Number Generator', 'Whether and how fast a guest draws random numbers from its host.', {
    resource_type_associations: [flavor()],
    properties: {
      'hw_rng:allowed': flag('Allowed', 'Whether images may ask for the device.'),
      'hw_rng:rate_bytes': whole('Bytes a Period', 'The most bytes that the guest may draw in a period.'),
      'hw_rng:rate_period': whole('Period', 'The length of a period in milliseconds.'),
    },
  }),
  usual('OS::Compute::Quota', 'Flavor Quota', 'What a server of a flavor may take of its host\'s processors, disks and network.', {
    resource_type_associations: [flavor()],
    objects: [
      {
        name: 'CPU Limits', description: 'Shares and time slices of the host\'s processors.',
        properties: {
          'quota:cpu_shares': whole('CPU Shares', 'The server\'s weight against others on the host.'),
          'quota:cpu_period': whole('CPU Period', 'Microseconds over which the quota is counted.', { minimum: 1000, maximum: 1_000_000 }),
          'quota:cpu_quota': whole('CPU Quota', 'Microseconds of processor time in each period; negative is no limit.'),
        },
      },
      {
        name: 'Disk QoS', description: 'The rate at which a server reads and writes its disks.',
        properties: {
          'quota:disk_read_bytes_sec': whole('Read Bytes', 'Bytes read a second.'),
          'quota:disk_read_iops_sec': whole('Read Operations', 'Read operations a second.'),
          'quota:disk_write_bytes_sec': whole('Write Bytes', 'Bytes written a second.'),
          'quota:disk_write_iops_sec': whole('Write Operations', 'Write operations a second.'),
          'quota:disk_total_bytes_sec': whole('Total Bytes', 'Bytes read and written a second.'),
          'quota:disk_total_iops_sec': whole('Total Operations', 'Operations of both kinds a second.'),
        },
      },
      {
        name: 'Virtual Interface QoS', description: 'The rate at which a server sends and receives, by interface.',
        properties: {
          'quota:vif_inbound_average': whole('Inbound Average', 'Kilobytes a second that arrive, over time.'),
          'quota:vif_inbound_burst': whole('Inbound Burst', 'Kilobytes that may arrive at the peak rate.'),
          'quota:vif_inbound_peak': whole('Inbound Peak', 'The highest rate of arrival, in kilobytes a second.'),
          'quota:vif_outbound_average': whole('Outbound Average', 'Kilobytes a second that leave, over time.'),
          'quota:vif_outbound_burst': whole('Outbound Burst', 'Kilobytes that may leave at the peak rate.'),
          'quota:vif_outbound_peak': whole('Outbound Peak', 'The highest rate of sending, in kilobytes a second.'),
        },
      },
    ],
  }),
];
