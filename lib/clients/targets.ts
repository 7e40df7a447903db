/** Targets that the names of probes contain. Ubuntu has one for each flavour. */
export const TARGETS: readonly string[] = [
  ...['alinux', 'almalinux', 'amazonlinux', 'amazonlinux2', 'amazonlinux2022', 'amazonlinux2023', 'arch'],
  ...['azurelinux', 'bottlerocket', 'centos', 'cos', 'debian', 'fedora', 'flatcar', 'minikube', 'ol'],
  ...['opensuse', 'photon', 'redhat', 'rocky', 'sles', 'talos', 'vanilla'],
]
