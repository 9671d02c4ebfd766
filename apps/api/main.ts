import '../node-version.js';

const { start } = await import('./start.js');
await start();
