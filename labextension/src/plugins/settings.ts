/** Reads a plugin's setting `enabled`, and follows it. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** Calls `changed` now and with each change of the settings; without a registry with what the schema would say. */
export async function follow(
  registry: ISettingRegistry | null,
  id: string,
  changed: (settings: Record<string, unknown>) => void
): Promise<ISettingRegistry.ISettings | null> {
  if (!registry) {
    changed({});
    return null;
  }
  const settings = await registry.load(id);
  const apply = () => changed(settings.composite as Record<string, unknown>);
  settings.changed.connect(apply);
  apply();
  return settings;
}
