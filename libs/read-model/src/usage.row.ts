import type { Usage } from '#libs/domain';

/** What one image adds to a project's row in table `project_usage`, by column name; `image_id` is no column. */
export interface UsageRow {
  image_id: string;
  project: string;
  images: number;
  size_bytes: number;
  stage_bytes: number;
  uploads: number;
}

export const usageRow = (imageId: string, { project, usage: { images, sizeBytes, stageBytes, uploads } }: { readonly project: string; readonly usage: Usage }): UsageRow =>
  ({ image_id: imageId, project, images, size_bytes: sizeBytes, stage_bytes: stageBytes, uploads });

/** What a batch adds in all, a row a project: PostgreSQL need not read a row for every image. */
export function summedUsage(rows: readonly UsageRow[]): Omit<UsageRow, 'image_id'>[] {
  const sums = new Map<string, Omit<UsageRow, 'image_id'>>();
  for (const { project, images, size_bytes, stage_bytes, uploads } of rows) {
    const sum = sums.get(project) ?? { project, images: 0, size_bytes: 0, stage_bytes: 0, uploads: 0 };
    sums.set(project, { project, images: sum.images + images, size_bytes: sum.size_bytes + size_bytes, stage_bytes: sum.stage_bytes + stage_bytes, uploads: sum.uploads + uploads });
  }
  return [...sums.values()];
}

/** One statement that adds a batch to the counters; its parameter is JSON. */
export const usageRowsSql = (only: string, first: number): string[] => [
  `insert into project_usage as u (project, images, size_bytes, stage_bytes, uploads)
     select r.project, sum(r.images), sum(r.size_bytes), sum(r.stage_bytes), sum(r.uploads)
     from json_populate_recordset(null::project_usage, $${first}) r ${only} group by r.project
     on conflict (project) do update set
       images = u.images + excluded.images, size_bytes = u.size_bytes + excluded.size_bytes,
       stage_bytes = u.stage_bytes + excluded.stage_bytes, uploads = u.uploads + excluded.uploads`,
];
