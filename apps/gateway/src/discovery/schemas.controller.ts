import { Controller, Get, Inject } from '@nestjs/common';
import { imageActionSchema, imageImportSchema } from '../actions/action.schema.js';
import { collectionSchema } from '../images/image.schema.js';
import { memberSchema, membersSchema } from '../members/member.schema.js';
import { collectionOfPolicies, replicationPolicySchema } from '../replication/replication.schema.js';
import { taskSchema, tasksSchema } from '../tasks/task.schema.js';
import { IMAGES, type ImageRoom } from '../tokens.js';

/** What images, members and tasks look like, as JSON Schema; clients build their models from it. Source: API.md section 17. */
@Controller('v2/schemas')
export class SchemasController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom) {}

  @Get('image')
  image(): object {
    return this.room.schema;
  }

  @Get('images')
  images(): object {
    return collectionSchema('images', this.room.schema);
  }

  @Get('member')
  member(): object {
    return memberSchema;
  }

  @Get('members')
  members(): object {
    return membersSchema;
  }

  @Get('image-import')
  imageImport(): object {
    return imageImportSchema;
  }

  @Get('image-imports')
  imageImports(): object {
    return collectionSchema('image_imports', imageImportSchema);
  }

  @Get('image-action')
  imageAction(): object {
    return imageActionSchema;
  }

  @Get('image-actions')
  imageActions(): object {
    return collectionSchema('image_actions', imageActionSchema);
  }

  @Get('task')
  task(): object {
    return taskSchema;
  }

  @Get('tasks')
  tasks(): object {
    return tasksSchema;
  }

  @Get('replication_policy')
  replicationPolicy(): object {
    return replicationPolicySchema;
  }

  @Get('replication_policies')
  replicationPolicies(): object {
    return collectionOfPolicies;
  }
}
