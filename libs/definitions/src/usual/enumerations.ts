/** Flags of processors, as the Linux kernel names them in /proc/cpuinfo. */
export const cpuFeatures: readonly string[] = `
  3dnow 3dnowext 3dnowprefetch abm ace ace2 ace2_en ace_en acpi adx aes amd_dcm aperfmperf apic arat arch_perfmon avx avx2 avx512cd avx512er avx512f
  avx512pf bmi1 bmi2 bpext bts cid clflush clflushopt clwb clzero cmov cmp_legacy cpb cqm cqm_llc cqm_occup_llc cr8_legacy cx16 cx8 dca de decodeassists
  ds_cpl dtes64 dtherm dts eagerfpu epb ept erms est extapic extd_apicid f16c flexpriority flushbyasid fma fma4 fpu fsgsbase fxsr fxsr_opt hle ht
  hw_pstate hwp hwp_act_window hwp_epp hwp_notify hwp_pkg_req hypervisor ia64 ibs ida intel_pt invpcid lahf_lm lbrv lm lwp mca mce misalignsse mmx
  mmxext monitor movbe mp mpx msr mtrr mwaitx nodeid_msr nonstop_tsc nonstop_tsc_s3 nopl npt nrip_save nx osvw pae pat pausefilter pbe pcid pclmulqdq
  pcommit pdcm pdpe1gb pebs perfctr_core perfctr_l2 perfctr_nb pfthreshold pge phe phe_en pln pmm pmm_en pn pni popcnt proc_feedback pse pse36 pts
  rdrand rdseed rdtscp rep_good rng rng_en rtm sep sha_ni skinit smap smep smx ss sse sse2 sse4_1 sse4_2 sse4a ssse3 svm svm_lock syscall tbm tce tm tm2
  topoext tpr_shadow tsc tsc_adjust tsc_deadline_timer tsc_reliable tsc_scale vmcb_clean vme vmmcall vmx vnmi vpid wdt x2apic xgetbv1 xop xsave xsavec
  xsaveopt xsaves xtopology xtpr
`.trim().split(/\s+/);

/** Identifiers of guest operating systems (VirtualMachineGuestOsIdentifier) of the vSphere API. */
export const vmwareGuests: readonly string[] = `
  asianux3_64Guest asianux3Guest asianux4_64Guest asianux4Guest asianux5_64Guest asianux7_64Guest centos64Guest centos6_64Guest centos6Guest
  centos7_64Guest centosGuest coreos64Guest darwin10_64Guest darwin10Guest darwin11_64Guest darwin11Guest darwin12_64Guest darwin13_64Guest
  darwin14_64Guest darwin15_64Guest darwin16_64Guest darwin64Guest darwinGuest debian10_64Guest debian10Guest debian4_64Guest debian4Guest
  debian5_64Guest debian5Guest debian6_64Guest debian6Guest debian7_64Guest debian7Guest debian8_64Guest debian8Guest debian9_64Guest debian9Guest
  dosGuest eComStation2Guest eComStationGuest fedora64Guest fedoraGuest freebsd64Guest freebsdGuest genericLinuxGuest mandrakeGuest mandriva64Guest
  mandrivaGuest netware4Guest netware5Guest netware6Guest nld9Guest oesGuest openServer5Guest openServer6Guest opensuse64Guest opensuseGuest
  oracleLinux64Guest oracleLinux6_64Guest oracleLinux6Guest oracleLinux7_64Guest oracleLinuxGuest os2Guest other24xLinux64Guest other24xLinuxGuest
  other26xLinux64Guest other26xLinuxGuest other3xLinux64Guest other3xLinuxGuest otherGuest otherGuest64 otherLinux64Guest otherLinuxGuest redhatGuest
  rhel2Guest rhel3_64Guest rhel3Guest rhel4_64Guest rhel4Guest rhel5_64Guest rhel5Guest rhel6_64Guest rhel6Guest rhel7_64Guest rhel7Guest sjdsGuest
  sles10_64Guest sles10Guest sles11_64Guest sles11Guest sles12_64Guest sles12Guest sles64Guest slesGuest solaris10_64Guest solaris10Guest
  solaris11_64Guest solaris6Guest solaris7Guest solaris8Guest solaris9Guest turboLinux64Guest turboLinuxGuest ubuntu64Guest ubuntuGuest unixWare7Guest
  vmkernel5Guest vmkernel65Guest vmkernel6Guest vmkernelGuest vmwarePhoton64Guest win2000AdvServGuest win2000ProGuest win2000ServGuest win31Guest
  win95Guest win98Guest windows7_64Guest windows7Guest windows7Server64Guest windows8_64Guest windows8Guest windows8Server64Guest windows9_64Guest
  windows9Guest windows9Server64Guest windowsHyperVGuest winLonghorn64Guest winLonghornGuest winMeGuest winNetBusinessGuest winNetDatacenter64Guest
  winNetDatacenterGuest winNetEnterprise64Guest winNetEnterpriseGuest winNetStandard64Guest winNetStandardGuest winNetWebGuest winNTGuest
  winVista64Guest winVistaGuest winXPHomeGuest winXPPro64Guest winXPProGuest
`.trim().split(/\s+/);
