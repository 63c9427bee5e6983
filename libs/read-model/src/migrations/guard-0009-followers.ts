import { Migration } from '@mikro-orm/migrations';

/** How far each who follows the log for others has come. A rebuild leaves it alone: what was told is not told again. */
export class Guard0009Followers extends Migration {
  override up(): void {
    this.addSql(`create table followers (
      name text primary key,
      log_created_at text not null,
      sequence bigint not null)`);
  }
}
