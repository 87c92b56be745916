// What balena's builder makes of a project: `node resolve.js FOLDER ARCHITECTURE DEVICE_TYPE`.
//
// Prints JSON: the composition as it is normalised, and for each service the Dockerfile that is
// chosen, the platform and the contract; or {"refused": "..."} with exit status 1.
"use strict";
const fs = require("fs");
const path = require("path");
const yaml = require("js-yaml");
const tar = require("tar-stream");
const { multibuild, parse } = require("@balena/compose");

function files(folder, under = "") {
  return fs.readdirSync(path.join(folder, under), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(under, entry.name);
    return entry.isDirectory() ? files(folder, name) : [name];
  });
}

function packed(folder) {
  const pack = tar.pack();
  for (const name of files(folder)) {
    pack.entry({ name }, fs.readFileSync(path.join(folder, name)));
  }
  pack.finalize();
  return pack;
}

async function drained(stream) {
  for await (const _ of stream) {
    // the choice is made while the stream flows
  }
}

async function resolved(folder, architecture, deviceType) {
  const text = fs.readFileSync(path.join(folder, "docker-compose.yml"), "utf8");
  const composition = parse.normalize(yaml.load(text));
  const split = await multibuild.splitBuildStream(composition, packed(folder));
  const tasks = await multibuild.performResolution(split, architecture, deviceType, {}, {});
  const services = {};
  for (const task of tasks) {
    await drained(task.buildStream);
    services[task.serviceName] = {
      dockerfile: task.dockerfilePath,
      text: task.dockerfile,
      type: task.projectType,
      platform: task.dockerPlatform,
      contract: task.contract,
    };
  }
  return { composition, services };
}

const [folder, architecture, deviceType] = process.argv.slice(2);
resolved(folder, architecture, deviceType).then(
  (found) => console.log(JSON.stringify(found)),
  (error) => {
    console.log(JSON.stringify({ refused: String(error.message || error) }));
    process.exitCode = 1;
  },
);
