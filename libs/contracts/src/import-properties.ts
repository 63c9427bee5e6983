import type { Image, ImportRequest } from '#libs/domain';

/**
 * How clients of Glance read the progress of an import: three properties of the image, comma-separated where they are lists, and empty after the end.
 * Source: api-ref "Import an image"; API.md sections 4, 9 and 10.
 */
export function importProperties({ importing, lastImportFailedStoreIds }: Pick<Image, 'importing' | 'lastImportFailedStoreIds'>): Record<string, string> {
  if (importing) {
    return {
      os_glance_import_task: importing.importId,
      os_glance_importing_to_stores: importing.pendingStoreIds.join(','),
      os_glance_failed_import: importing.failedStoreIds.join(','),
    };
  }
  return lastImportFailedStoreIds ? { os_glance_importing_to_stores: '', os_glance_failed_import: lastImportFailedStoreIds.join(',') } : {};
}

/** The size that is shown: of the data, or of what waits in the staging area to become it. */
export const shownSizeBytes = ({ data, staged, status }: Pick<Image, 'data' | 'staged' | 'status'>): number | null =>
  data?.sizeBytes ?? (status === 'uploading' || status === 'importing' ? staged?.sizeBytes ?? null : null);

/** What kind of task clients of Glance see in an import. Source: API.md sections 10 and 16. */
export type TaskType = 'import' | 'api_image_import' | 'location_import';
export const taskTypeOf = ({ taskType, method }: Pick<ImportRequest, 'taskType' | 'method'>): TaskType =>
  taskType ?? (method === 'location-import' ? 'location_import' : 'api_image_import');
