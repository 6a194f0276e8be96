/** A comm that a kernel can answer while it runs a cell. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

const SUBSHELL = 1000; // ms that a subshell may take to begin

/** Opens one; `closed` is called where the kernel knows no such target, as before `%load_ext mtl_magic`. */
export async function opened(
  kernel: Kernel.IKernelConnection,
  target: string,
  received: (message: KernelMessage.ICommMsgMsg) => void,
  closed: () => void,
  data?: JSONObject
): Promise<Kernel.IComm> {
  const comm = kernel.createComm(target);
  comm.onMsg = received;
  comm.onClose = closed;
  const { subshellStarted } = comm as unknown as { subshellStarted?: Promise<void> };
  if (kernel.supportsSubshells && subshellStarted) {
    // opened before its subshell is there, it would wait for the cell that runs
    await Promise.race([subshellStarted, new Promise(resolve => setTimeout(resolve, SUBSHELL))]);
  }
  void comm.open(data);
  return comm;
}

/** Whether a kernel can be spoken to at all. */
export function answering(kernel: Kernel.IKernelConnection | null | undefined): Kernel.IKernelConnection | null {
  return kernel?.handleComms && kernel.status !== 'dead' ? kernel : null;
}
