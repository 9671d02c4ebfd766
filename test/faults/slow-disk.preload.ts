// Preloaded into a process: its disk takes as long as SLOW_DISK_MS says for each flush.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { fdatasync } = fs;
const wait = Number(process.env['SLOW_DISK_MS']);
fs.fdatasync = ((file: number, done: fs.NoParamCallback) => {
  setTimeout(() => {
    fdatasync(file, done);
  }, wait);
}) as typeof fdatasync;
syncBuiltinESMExports();
