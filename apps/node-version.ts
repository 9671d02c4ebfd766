// Imported before anything else, and runs on any Node, so that an old one gets a sentence instead of a stack.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `Portaria needs Node 24 or newer, and this is ${process.versions.node}: start it with npm (npm start), which brings its own, or install Node 24.\n`,
  );
  process.exit(1);
}
const { enableCompileCache } = await import('node:module');
enableCompileCache();

export {};
