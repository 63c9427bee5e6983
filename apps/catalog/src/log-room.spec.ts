import { createLogRoom } from './log-room.js';

/** A disk whose free bytes the test sets; time passes only where the test says so. */
function aRoom(freeBytes: () => Promise<number>) {
  const told: boolean[] = [];
  let second = 0;
  const room = createLogRoom({ freeBytes, reserveBytes: 100, onChange: (hasRoom) => told.push(hasRoom), clock: () => new Date(second * 1000) });
  return { room, told, nextSecond: () => { second += 1; } };
}

describe('The room of the log', () => {
  it('refuses changes while the disk has less than the reserve, and takes them again when it has room', async () => {
    let free = 99;
    const { room, told, nextSecond } = aRoom(() => Promise.resolve(free));
    await expect(room.ensure('CreateImage')).rejects.toMatchObject({ code: 'LogFull' });
    free = 100;
    nextSecond();
    await room.ensure('CreateImage');
    expect(told).toEqual([false, true]);
  });

  it.each(['DeleteImage', 'RecordImageDataRemoved', 'CompleteImageDataUpload', 'FailImageDataUpload', 'FailImport', 'DeleteMetadefNamespace'] as const)('lets %s through, which makes room or ends what was begun', async (command) => {
    const { room } = aRoom(() => Promise.resolve(0));
    await room.ensure(command);
    await expect(room.ensure('StartImageDataUpload')).rejects.toMatchObject({ code: 'LogFull' });
    await expect(room.ensure('AddMetadefTag')).rejects.toMatchObject({ code: 'LogFull' });
  });

  it('asks the disk once a second, however many commands come', async () => {
    let asked = 0;
    const { room, nextSecond } = aRoom(() => Promise.resolve((asked += 1) * 1000));
    for (let command = 0; command < 5; command += 1) await room.ensure('CreateImage');
    expect(asked).toBe(1);
    nextSecond();
    await room.ensure('CreateImage');
    expect(asked).toBe(2);
  });

  it('holds nothing against a disk that cannot be asked', async () => {
    const { room, told } = aRoom(() => Promise.reject(new Error('gone')));
    await room.ensure('CreateImage');
    expect(told).toEqual([]);
  });
});
