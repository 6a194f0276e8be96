import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { Busy } from '../kernel/busy';
import { Provider } from '../kernel/provider';
import { follow } from './settings';

const ID = 'mtl-magic:completion';

/** The vocabulary's words on Tab, also while the kernel is busy, and before the extension is loaded there. */
export const completion: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Completes the language in %%mtl cells and .mtl files, also while the kernel is busy.',
  autoStart: true,
  requires: [ICompletionProviderManager],
  optional: [ISettingRegistry],
  activate: (_app, manager: ICompletionProviderManager, settings: ISettingRegistry | null) => {
    const provider = new Provider(new Busy());
    manager.registerProvider(provider);
    void follow(settings, ID, ({ enabled }) => (provider.on = enabled !== false));
  }
};
