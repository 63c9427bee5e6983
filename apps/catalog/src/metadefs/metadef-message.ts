import type { MetadefCommandMessage } from '#libs/contracts';
import {
  metadefVisibilities, type MetadefCommand, type MetadefProperty, type NamespaceAttributes, type NamespaceContent, type ObjectDefinition,
  type PropertyDefinition, type ResourceTypeDefinition,
} from '#libs/domain';
import { anything, fields, flag, list, nullable, number, oneOf, optional, plainObject, present, record, text, type Check, type Checks } from '../checks.js';
import { checkedContext } from '../images/command-message.js';

/** A command on a namespace as it came over the bus, checked once and copied field by field, like those on images. Refuses: InvalidRequest, naming the field. */
export function checkedMetadefMessage(message: unknown): MetadefCommandMessage {
  const { envelope, context } = fields(message, 'the command', { envelope: anything, context: anything });
  const { namespace, command, authorizedFor } = fields(envelope, 'envelope', {
    namespace: name, command: checkedCommand, authorizedFor: optional(record({ owner: text(255), visibility: oneOf(metadefVisibilities) })),
  });
  return { envelope: { namespace, command, ...present({ authorizedFor }) }, context: checkedContext(context) };
}

/** How much a namespace may hold in all is the domain's to say; this bounds each part. */
const mostAtOnce = 10_000;
/** Characters outside of the basic plane count two here: the domain and the gateway count them as clients do. */
const name = text(160);
const free = text(300_000);
const maybe = <Value>(check: Check<Value>): Check<Value> => optional(check) as Check<Value>;
const names = list(mostAtOnce, name);

const definition: Check<PropertyDefinition> = record<PropertyDefinition>({
  type: text(16), title: free, name: maybe(name), description: maybe(free), operators: maybe(list(mostAtOnce, free)), default: maybe(free), readonly: maybe(flag),
  minimum: maybe(number), maximum: maybe(number), enum: maybe(list(mostAtOnce, free)), pattern: maybe(free), minLength: maybe(number), maxLength: maybe(number),
  confidential: maybe(flag), items: maybe(record({ type: text(16), enum: maybe(list(mostAtOnce, free)) })), uniqueItems: maybe(flag), minItems: maybe(number),
  maxItems: maybe(number), additionalItems: maybe(flag),
});
const property: Checks<MetadefProperty> = { name, definition };
const object: Checks<ObjectDefinition> = { name, description: maybe(free), required: list(mostAtOnce, free), properties: list(mostAtOnce, record(property)) };
const resourceType: Checks<ResourceTypeDefinition> = { name, prefix: maybe(name), propertiesTarget: maybe(name) };
const attributes: Checks<NamespaceAttributes> = {
  displayName: nullable(name), description: nullable(text(1000)), visibility: oneOf(metadefVisibilities), isProtected: flag, owner: text(255),
};
const content: Checks<NamespaceContent> = {
  resourceTypes: list(mostAtOnce, record(resourceType)), properties: list(mostAtOnce, record(property)), objects: list(mostAtOnce, record(object)), tags: names,
};
const named = { name };
const oldName = { oldName: name };
const nothing = {};

type FieldsOf<Type extends MetadefCommand['type']> = Omit<Extract<MetadefCommand, { type: Type }>, 'type'>;

/** The steps of a rename after its first are the catalog's own, and files are loaded by the operator's tool: they come over no bus. */
type FromOutside = Exclude<MetadefCommand['type'], 'LoadMetadefNamespace' | 'ReceiveMetadefNamespace' | 'EndNamespaceRename'>;

const commandChecks: { readonly [Type in FromOutside]: Checks<FieldsOf<Type>> } = {
  CreateMetadefNamespace: { ...attributes, ...content },
  ChangeMetadefNamespace: attributes,
  DeleteMetadefNamespace: nothing,
  RenameMetadefNamespace: { ...attributes, renameId: text(255), to: name },
  AssociateMetadefResourceType: resourceType,
  DissociateMetadefResourceType: named,
  AddMetadefProperty: property,
  ChangeMetadefProperty: { ...oldName, ...property },
  RemoveMetadefProperty: named,
  RemoveMetadefProperties: nothing,
  AddMetadefObject: object,
  ChangeMetadefObject: { ...oldName, ...object },
  RemoveMetadefObject: named,
  RemoveMetadefObjects: nothing,
  AddMetadefTag: named,
  SetMetadefTags: { names, append: flag },
  RenameMetadefTag: { ...oldName, ...named },
  RemoveMetadefTag: named,
  RemoveMetadefTags: nothing,
};

function checkedCommand(value: unknown, where: string): MetadefCommand {
  const type = oneOf(Object.keys(commandChecks) as FromOutside[])(plainObject(value, where)['type'], `${where}.type`);
  return { type, ...present(fields<Record<string, unknown>>(value, where, commandChecks[type])) } as unknown as MetadefCommand;
}
