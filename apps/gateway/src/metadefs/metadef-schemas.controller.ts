import { Controller, Get } from '@nestjs/common';
import { collectionOf, namespaceSchema, objectSchema, propertySchema, resourceTypeSchema, tagSchema } from '#libs/definitions';

/** What metadata definitions look like, as JSON Schema. Source: API.md section 17. */
@Controller('v2/schemas/metadefs')
export class MetadefSchemasController {
  @Get('namespace')
  namespace(): object { return namespaceSchema; }

  @Get('namespaces')
  namespaces(): object { return collectionOf('namespaces', namespaceSchema); }

  @Get('object')
  object(): object { return objectSchema; }

  @Get('objects')
  objects(): object { return collectionOf('objects', objectSchema); }

  @Get('property')
  property(): object { return propertySchema; }

  @Get('properties')
  properties(): object { return collectionOf('properties', propertySchema, { keyed: true }); }

  @Get('tag')
  tag(): object { return tagSchema; }

  @Get('tags')
  tags(): object { return collectionOf('tags', tagSchema); }

  @Get('resource_type')
  resourceType(): object { return resourceTypeSchema; }

  @Get('resource_types')
  resourceTypes(): object { return collectionOf('resource_type_associations', resourceTypeSchema); }
}
