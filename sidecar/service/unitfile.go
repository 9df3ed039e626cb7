package service

import (
	"fmt"
	"strings"
)

// UnitFile returns the unit of systemd that runs a daemon.
//
// A unit of a user contains only lines that a manager without privileges can carry out. On systems
// that restrict user namespaces, a unit of a user that asks for mounts of its own would not start.
func UnitFile(u Unit) (string, error) {
	if err := u.Validate(); err != nil {
		return "", err
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s", u.mark())
	line("# docs/operators/service.md explains each line. Put changes into a drop-in (systemctl edit),")
	line("# because thetaedge service install writes this file anew.")
	line("")
	line("[Unit]")
	line("Description=Theta Edge node")
	line("Documentation=https://github.com/thetaedge/theta")
	if u.System {
		line("After=network-online.target")
		line("Wants=network-online.target")
	}
	line("# The daemon is started again after a failure, because it has to reveal what it committed to.")
	line("# After 120 starts in an hour, the cause is one that a restart does not remove.")
	line("StartLimitIntervalSec=3600")
	line("StartLimitBurst=120")
	line("")
	line("[Service]")
	line("Type=exec")
	line("ExecStart=%s start --home %s", quoteUnit(u.Exe, false), quoteUnit(u.Home, true))
	line("# It reads its settings again; thetaedge settings says which ones then count.")
	line("ExecReload=/bin/kill -HUP $MAINPID")
	line("WorkingDirectory=%s", strings.ReplaceAll(u.Home, "%", "%%"))
	if u.System {
		line("User=%s", u.Account)
		if len(u.Groups) > 0 {
			line("SupplementaryGroups=%s", strings.Join(u.Groups, " "))
		}
	}
	line("UMask=0077")
	line("StandardOutput=journal")
	line("StandardError=journal")
	line("Restart=on-failure")
	line("RestartSec=10")
	line("")
	line("# The daemon is told to stop, and reveals what it holds (work.drain-timeout, %s). Its workers", u.Drain)
	line("# end with it.")
	line("KillSignal=SIGTERM")
	line("KillMode=mixed")
	line("TimeoutStopSec=%d", u.stopSeconds())
	line("")
	b.WriteString(resourceLines)
	line("")
	b.WriteString(plainHardening)
	if u.System {
		b.WriteString(systemHardening)
		line("ReadWritePaths=%s", quoteUnit(u.Home, false))
	}
	line("")
	line("[Install]")
	if u.System {
		line("WantedBy=multi-user.target")
	} else {
		line("WantedBy=default.target")
	}
	return b.String(), nil
}

const resourceLines = `# A part of the control groups is the daemon's: it bounds the memory of each worker, and puts
# workers behind itself.
Delegate=cpu memory pids
DelegateSubgroup=daemon
# Other services and sessions go first when they want the processors. Workers have the lowest
# priority besides, but that counts only within this service.
CPUWeight=10
# The machine stays usable whatever programs do. A worker that is killed for its memory
# is the daemon's affair, not a reason to stop it.
MemoryMax=75%
MemorySwapMax=0
OOMPolicy=continue
TasksMax=4096
LimitCORE=0
LimitNOFILE=65536
# The profile wants a bounded stack of at least 8 MiB.
LimitSTACK=8M
`

// plainHardening consists of lines that need no privileges.
const plainHardening = `NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
# Not set, because the layers around programs, or the programs themselves, need them:
# RestrictNamespaces (workers have their own, and are created in their control group by clone3,
# which it refuses), ProtectControlGroups (Delegate), MemoryDenyWriteExecute (programs are
# compiled), SystemCallFilter (workers set a narrower one), PrivateDevices and ProtectClock (both
# close the nodes of graphics cards), ProtectProc (rules of the owner look for games).
`

// systemHardening consists of lines that only the manager of the system can carry out.
const systemHardening = `CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# With ProtectSystem=strict, this is the only folder that the daemon can write to.
`

// quoteUnit quotes a path for systemd. Arguments of a command also have variables.
func quoteUnit(path string, argument bool) string {
	replacements := []string{`\`, `\\`, `"`, `\"`, "%", "%%"}
	if argument {
		replacements = append(replacements, "$", "$$")
	}
	return `"` + strings.NewReplacer(replacements...).Replace(path) + `"`
}
