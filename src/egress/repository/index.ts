/** A Triton model repository: the clean tail and the server side of each ALPHA. */
export { INSTANCE_KINDS, type InstanceGroup } from './config';
export { servedModels, type ExportChoices, type ExportedModel, type ServedModel } from './export';
export { baseName, noisyName, plainNoisyName, PLATFORMS, PORT_NAMES, type Platform, type PortNames } from './names';
export { writeRepository, type Written } from './write';
