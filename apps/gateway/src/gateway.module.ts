import type { DynamicModule } from '@nestjs/common';
import { ACTIONS } from './actions/actions.room.js';
import { ImageActionsController } from './actions/image-actions.controller.js';
import { UserImportsController } from './actions/user-imports.controller.js';
import { CacheController } from './cache/cache.controller.js';
import { DATA } from './data/data.room.js';
import { ImageDataController } from './data/image-data.controller.js';
import { ImageStageController } from './data/image-stage.controller.js';
import { HealthcheckController } from './discovery/healthcheck.controller.js';
import { InfoController } from './discovery/info.controller.js';
import { OpenApiController, ROUTES } from './discovery/openapi.controller.js';
import { routesOf } from './discovery/routes-of.js';
import { SchemasController } from './discovery/schemas.controller.js';
import { VersionsController } from './discovery/versions.controller.js';
import { EventsController } from './events/events.controller.js';
import type { Gateway } from './gateway.js';
import { ImageHistoryController } from './images/image-history.controller.js';
import { ImageListController } from './images/image-list.controller.js';
import { ImageTagsController } from './images/image-tags.controller.js';
import { ImagesController } from './images/images.controller.js';
import { MembersController } from './members/members.controller.js';
import { ImageImportsController } from './imports/image-imports.controller.js';
import { QUERIES } from './imports/queries.room.js';
import { StoresController } from './imports/stores.controller.js';
import { LocationsController } from './locations/locations.controller.js';
import { PastController } from './past/past.controller.js';
import { ProgressController } from './progress/progress.controller.js';
import { MetadefSchemasController } from './metadefs/metadef-schemas.controller.js';
import { MetadefTagsController } from './metadefs/metadef-tags.controller.js';
import { NamespacesController } from './metadefs/namespaces.controller.js';
import { ObjectsController } from './metadefs/objects.controller.js';
import { PropertiesController } from './metadefs/properties.controller.js';
import { ResourceTypesController } from './metadefs/resource-types.controller.js';
import { ImageUploadsController } from './uploads/image-uploads.controller.js';
import { TasksController } from './tasks/tasks.controller.js';
import { EVENTS, GATEWAY_RULES, IDENTITY, IMAGES, METADEFS, PROGRESS } from './tokens.js';
import { ReplicationExecutionsController } from './replication/replication-executions.controller.js';
import { ReplicationPoliciesController } from './replication/replication-policies.controller.js';
import { REPLICATION } from './replication/replication.room.js';
import { ImageCopiesController } from './regions/image-copies.controller.js';
import { RegionsController } from './regions/regions.controller.js';
import { REGIONS } from './regions/regions.room.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { WEBHOOKS } from './webhooks/webhooks.room.js';

class GatewayModule {}

/** Chapter by chapter of the Image API. */
export const controllers = [
  VersionsController, HealthcheckController, OpenApiController, SchemasController, InfoController,
  ImageListController, ImagesController, ImageTagsController, ImageHistoryController, PastController, EventsController, WebhooksController,
  ImageDataController, ProgressController, ImageStageController, ImageUploadsController, CacheController,
  ImageImportsController, UserImportsController, ImageActionsController, StoresController, LocationsController, TasksController, RegionsController, ImageCopiesController, ReplicationPoliciesController, ReplicationExecutionsController,
  MembersController,
  ResourceTypesController, NamespacesController, PropertiesController, ObjectsController, MetadefTagsController, MetadefSchemasController,
];

/** Everything the gateway answers. */
export const gatewayModule = ({ identity, rules, room, metadefs, data, progress, events, regions, queries, replication, actions, webhooks }: Gateway): DynamicModule => ({
  module: GatewayModule,
  controllers,
  providers: [
    { provide: ROUTES, useValue: routesOf(controllers) },
    { provide: IDENTITY, useValue: identity },
    { provide: GATEWAY_RULES, useValue: rules },
    { provide: IMAGES, useValue: room },
    { provide: METADEFS, useValue: metadefs },
    { provide: DATA, useValue: data },
    { provide: PROGRESS, useValue: progress },
    { provide: EVENTS, useValue: events },
    { provide: REGIONS, useValue: regions },
    { provide: QUERIES, useValue: queries },
    { provide: REPLICATION, useValue: replication },
    { provide: ACTIONS, useValue: actions },
    { provide: WEBHOOKS, useValue: webhooks },
  ],
});
