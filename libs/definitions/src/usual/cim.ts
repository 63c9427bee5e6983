import { aggregate, flag, flavor, image, list, oneOf, server, text, usual, volume } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

/** Names, enumerations and meanings are those of the Common Information Model's schema, version 2 (DMTF); the sentences are ours. */
const either = { operators: ['<or>'] };
/** Ranges of numbers that the schema leaves to its makers and to vendors; the words for them are the schema's. */
const reserved = ['DMTF Reserved'];
const reservedForBoth = ['DMTF Reserved', 'Vendor Reserved'];

const instructionSets = [
  'x86:i386', 'x86:i486', 'x86:i586', 'x86:i686', 'x86:64', 'IA-64:IA-64', 'AS/400:TIMI', 'Power:Power_2.03', 'Power:Power_2.04', 'Power:Power_2.05', 'Power:Power_2.06', 'S/390:ESA/390',
  'S/390:z/Architecture', 'S/390:z/Architecture_2', 'PA-RISC:PA-RISC_1.0', 'PA-RISC:PA-RISC_2.0', 'ARM:A32', 'ARM:A64', 'MIPS:MIPS_I', 'MIPS:MIPS_II', 'MIPS:MIPS_III', 'MIPS:MIPS_IV', 'MIPS:MIPS_V',
  'MIPS:MIPS32', 'MIPS64:MIPS64', 'Alpha:Alpha', 'SPARC:SPARC_V7', 'SPARC:SPARC_V8', 'SPARC:SPARC_V9', 'SPARC:SPARC_JPS1', 'SPARC:UltraSPARC2005', 'SPARC:UltraSPARC2007', '68k:68000', '68k:68010',
  '68k:68020', '68k:68030', '68k:68040', '68k:68060'];
const instructionSetExtensions = [
  ...['3DNow', '3DNowExt', 'ABM', 'AES', 'AVX', 'AVX2', 'BMI', 'CX16', 'F16C', 'FSGSBASE', 'LWP', 'MMX', 'PCLMUL', 'RDRND', 'SSE2', 'SSE3', 'SSSE3', 'SSE4A', 'SSE41', 'SSE42', 'FMA3', 'FMA4', 'XOP', 'TBM', 'VT-d', 'VT-x', 'EPT', 'SVM'].map((name) => `x86:${name}`),
  'PA-RISC:MAX', 'PA-RISC:MAX2', ...['DSP', 'Jazelle-DBX', 'Thumb', 'Thumb-2', 'ThumbEE', 'VFP', 'NEON', 'TrustZone'].map((name) => `ARM:${name}`),
  'MIPS:MDMX', 'MIPS:MIPS-3D', 'Alpha:BWX', 'Alpha:FIX', 'Alpha:CIX', 'Alpha:MVI'];
const resourceTypes = [
  'Other', 'Computer System', 'Processor', 'Memory', 'IDE Controller', 'Parallel SCSI HBA', 'FC HBA', 'iSCSI HBA', 'IB HCA', 'Ethernet Adapter', 'Other Network Adapter', 'I/O Slot', 'I/O Device', 'Floppy Drive',
  'CD Drive', 'DVD drive', 'Disk Drive', 'Tape Drive', 'Storage Extent', 'Other storage device', 'Serial port', 'Parallel port', 'USB Controller', 'Graphics controller', 'IEEE 1394 Controller',
  'Partitionable Unit', 'Base Partitionable Unit', 'Power', 'Cooling Capacity', 'Ethernet Switch Port', 'Logical Disk', 'Storage Volume', 'Ethernet Connection', 'DMTF reserved', 'Vendor Reserved'];

export const cim: readonly NamespaceDocument[] = [
  usual('CIM::ProcessorAllocationSettingData', 'CIM Processor Allocation Setting', 'Which processor a server needs, in the words of the Common Information Model: http://schemas.dmtf.org/wbem/cim-html/2/CIM_ProcessorAllocationSettingData.html.', {
    resource_type_associations: [volume('CIM_PASD_'), image('CIM_PASD_'), aggregate('CIM_PASD_'), flavor('CIM_PASD_'), server('scheduler_hints')],
    properties: {
      InstructionSet: oneOf('Instruction Set', 'The instruction set, after the architecture that it belongs to.', instructionSets, either),
      ProcessorArchitecture: oneOf('Processor Architecture', 'The family of processors.', ['x86', 'IA-64', 'AS/400', 'Power', 'S/390', 'PA-RISC', 'ARM', 'MIPS', 'Alpha', 'SPARC', '68k'], either),
      InstructionSetExtensionName: list('Instruction Set Extension', 'What the processor can do beyond its instruction set, each after its architecture.', { operators: ['<or>', '<all-in>'], items: { type: 'string', enum: instructionSetExtensions } }),
    },
  }),
  usual('CIM::ResourceAllocationSettingData', 'CIM Resource Allocation Setting Data', 'How a resource of any kind is given to a virtual system, in the words of the Common Information Model: http://schemas.dmtf.org/wbem/cim-html/2/CIM_ResourceAllocationSettingData.html.', {
    resource_type_associations: [volume('CIM_RASD_'), aggregate('CIM_RASD_'), flavor('CIM_RASD_')],
    properties: {
      Address: text('Address', 'Where the resource is found, as a MAC address for a network port.'),
      AddressOnParent: text('Address On Parent', 'Where it is found below its parent, as a unit number on a controller.'),
      AllocationUnits: text('Allocation Units', 'What Reservation and Limit are counted in.'),
      AutomaticAllocation: flag('Automatic Allocation', 'Whether it is given when the system starts, without being asked for.'),
      AutomaticDeallocation: flag('Automatic Deallocation', 'Whether it is taken back when the system stops.'),
      Connection: text('Connection', 'What it is connected to, as the name of a network.'),
      ConsumerVisibility: oneOf('Consumer Visibility', 'What the system sees of it: the thing itself or a virtual one.', ['Unknown', 'Passed-Through', 'Virtualized', 'Not represented', 'DMTF reserved', 'Vendor Reserved'], either),
      HostResource: text('Host Resource', 'The resource of the host that it comes from, where that is fixed.'),
      Limit: text('Limit', 'The most of it that is ever given.'),
      MappingBehavior: oneOf('Mapping Behavior', 'How firmly it is bound to the host\'s resource.', ['Unknown', 'Not Supported', 'Dedicated', 'Soft Affinity', 'Hard Affinity', ...reservedForBoth], either),
      OtherResourceType: text('Other Resource Type', 'The kind of resource where Resource Type says Other.'),
      Parent: text('Parent', 'The resource that it hangs on, as the controller of a disk.'),
      PoolID: text('Pool ID', 'The pool that it is taken from.'),
      Reservation: text('Reservation', 'How much of it is sure to be there.'),
      ResourceSubType: text('Resource Sub Type', 'A finer kind, as the implementation names it.'),
      ResourceType: oneOf('Resource Type', 'The kind of resource.', resourceTypes, either),
      VirtualQuantity: text('Virtual Quantity', 'How much of it the system sees.'),
      VirtualQuantityUnits: text('Virtual Quantity Units', 'What Virtual Quantity is counted in.'),
      Weight: text('Weight', 'How much this counts against others that take from the same pool.'),
    },
  }),
  usual('CIM::StorageAllocationSettingData', 'CIM Storage Allocation Setting Data', 'How virtual storage is made of the host\'s, in the words of the Common Information Model: http://schemas.dmtf.org/wbem/cim-html/2/CIM_StorageAllocationSettingData.html.', {
    resource_type_associations: [{ name: 'OS::Cinder::Volume', prefix: 'CIM_SASD_' }, aggregate('CIM_SASD_'), flavor('CIM_SASD_')],
    properties: {
      Access: oneOf('Access', 'Whether it can be read, written, or both.', ['Unknown', 'Readable', 'Writeable', 'Read/Write Supported', ...reserved], either),
      HostExtentName: text('Host Extent Name', 'The name that no other extent of the host has.'),
      HostExtentNameFormat: oneOf('Host Extent Name Format', 'What kind of name that is.', ['Unknown', 'Other', 'SNVM', 'NAA', 'EUI64', 'T10VID', 'OS Device Name', ...reserved], either),
      HostExtentNameNamespace: oneOf('Host Extent Name Namespace', 'Where that name was taken from. For SCSI volumes that is best page 83 of their vital product data.', ['Unknown', 'Other', 'VPD83Type3', 'VPD83Type2', 'VPD83Type1', 'VPD80', 'NodeWWN', 'SNVM', 'OS Device Namespace', ...reserved], either),
      HostExtentStartingAddress: text('Host Extent Starting Address', 'Where in the host\'s extent the virtual one begins.'),
      HostResourceBlockSize: text('Host Resource Block Size', 'The bytes of a block on the host.'),
      Limit: text('Limit', 'The most blocks that are ever given on the host.'),
      OtherHostExtentNameFormat: text('Other Host Extent Name Format', 'The kind of name where Host Extent Name Format says Other.'),
      OtherHostExtentNameNamespace: text('Other Host Extent Name Namespace', 'Where the name was taken from where Host Extent Name Namespace says Other.'),
      Reservation: text('Reservation', 'How many blocks of the host are sure to be there.'),
      VirtualQuantity: text('Virtual Quantity', 'How many blocks the system sees.'),
      VirtualQuantityUnits: text('Virtual Quantity Units', 'What Virtual Quantity is counted in.'),
      VirtualResourceBlockSize: text('Virtual Resource Block Size', 'The bytes of a block that the system sees.'),
    },
  }),
  usual('CIM::VirtualSystemSettingData', 'CIM Virtual System Setting Data', 'What makes a virtual system virtual: where its files lie and what becomes of it with its host, in the words of the Common Information Model: http://schemas.dmtf.org/wbem/cim-html/2/CIM_VirtualSystemSettingData.html.', {
    resource_type_associations: [aggregate('CIM_VSSD_'), flavor('CIM_VSSD_')],
    properties: {
      AutomaticRecoveryAction: oneOf('Automatic Recovery Action', 'What is done when the software in the system fails.', ['None', 'Restart', 'Revert to snapshot', ...reserved], either),
      AutomaticShutdownAction: oneOf('Automatic Shutdown Action', 'What is done when the host is shut down.', ['Turn Off', 'Save state', 'Shutdown', ...reserved], either),
      AutomaticStartupAction: oneOf('Automatic Startup Action', 'What is done when the host starts.', ['None', 'Restart if previously active', 'Always startup', ...reserved], either),
      AutomaticStartupActionDelay: text('Automatic Startup Action Delay', 'How long that waits after the host has started.'),
      AutomaticStartupActionSequenceNumber: text('Automatic Startup Action Sequence Number', 'Its turn among the systems that start with the host.'),
      ConfigurationDataRoot: text('Configuration Data Root', 'The directory that its configuration lies in.'),
      ConfigurationFile: text('Configuration File', 'The file that its configuration is written in.'),
      ConfigurationID: text('Configuration ID', 'The name of this configuration that no other has.'),
      CreationTime: text('Creation Time', 'When this configuration was made.'),
      LogDataRoot: text('Log Data Root', 'The directory that its logs are written to.'),
      Notes: text('Notes', 'Whatever its user wants to say of it.'),
      RecoveryFile: text('Recovery File', 'The file that it can be recovered from.'),
      SnapshotDataRoot: text('Snapshot Data Root', 'The directory that its snapshots lie in.'),
      SuspendDataRoot: text('Suspend Data Root', 'The directory that it is written to when it is suspended.'),
      SwapFileDataRoot: text('Swap File Data Root', 'The directory that its swap files lie in.'),
      VirtualSystemIdentifier: text('Virtual System Identifier', 'The name that the hypervisor knows it by.'),
      VirtualSystemType: text('Virtual System Type', 'The kind of virtual system, as the hypervisor names it.'),
    },
  }),
];
