/**
 * Every rule that data can break. An id is for ever: it stands in events, and operators name it.
 * The part after the dot is what Glance calls the check, where Glance has it (`[image_format] gpt_safety_checks_nonfatal`).
 */
export const rules = {
  'any.ambiguous': 'The data is several formats at once, and what it means would depend on who reads it.',
  'any.virtual-size': 'The size of the disk is not told, or is one that no disk has.',
  'any.failed': 'The data could not be inspected.',
  'qcow2.header': 'The header has values that the format does not allow.',
  'qcow2.backing_file': 'The image is a difference to another file, which would be read from the host.',
  'qcow2.data_file': 'The data is in another file, which would be read from the host.',
  'qcow2.unknown_features': 'The image needs features that nobody here knows.',
  'qcow.banned': 'The format qcow (version 1) is not accepted unless the image says that it is one.',
  'qcow.backing_file': 'The image is a difference to another file, which would be read from the host.',
  'qed.banned': 'The format qed is not accepted unless the image says that it is one.',
  'qed.backing_file': 'The image is a difference to another file, which would be read from the host.',
  'qed.unknown_features': 'The image needs features that nobody here knows.',
  'vmdk.header': 'The header has values that the format does not allow.',
  'vmdk.descriptor': 'The descriptor is missing, or cannot be read.',
  'vmdk.create_type': 'The createType is not one that is accepted.',
  'vmdk.extent': 'An extent is not in this file, and would be read from the host.',
  'vmdk.parent': 'The image is a difference to another file, which would be read from the host.',
  'vmdk.footer': 'The footer contradicts the header, or is missing.',
  'vhd.differencing': 'The image is a difference to another file, which would be read from the host.',
  'vhd.header': 'The header has values that the format does not allow.',
  'vhdx.header': 'The region table or the metadata cannot be read.',
  'vhdx.parent': 'The image is a difference to another file, which would be read from the host.',
  'vhdx.unknown_features': 'The image needs regions or metadata that nobody here knows.',
  'vdi.header': 'The header has values that the format does not allow.',
  'vdi.differencing': 'The image is a difference to another file, which would be read from the host.',
  'gpt.mbr': 'The master boot record is not a valid one.',
  'gpt.gptmbr': 'The protective master boot record is not as GPT demands.',
  'luks.version': 'The version of LUKS is not one that is known.',
  'luks.header': 'The header has values that the format does not allow.',
  'ploop.header': 'The header has values that the format does not allow.',
} as const;
export type Rule = keyof typeof rules;
export const isRule = (id: string): id is Rule => Object.hasOwn(rules, id);
