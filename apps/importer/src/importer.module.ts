import type { DynamicModule } from '@nestjs/common';
import type { ServiceParts } from '#libs/platform';
import type { ImporterConfig } from './config.js';
import { openImporter } from './importer.js';

class ImporterModule {}

/** Everything the importer consists of: it asks for work itself, and nobody asks it for anything. */
export async function importerModule(parts: ServiceParts<ImporterConfig>): Promise<DynamicModule> {
  await openImporter(parts);
  return { module: ImporterModule };
}
