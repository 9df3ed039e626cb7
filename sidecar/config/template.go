package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/template"
	"time"
)

//nolint:gosec // it contains no password, only where one stands
const settings = `# Settings of thetaedge. A flag such as --chain.grpc wins over the environment
# (THETAEDGE_CHAIN_GRPC), that over this file, and that over the default.

[chain]
# gRPC endpoint of a node: "host:port", or "https://host:port" with TLS.
grpc = {{ quote .Chain.GRPC }}
# gRPC endpoints of further nodes of the same chain, best of other people, such as
# ["https://other.example:443"]. The first one in good order is used, and chain.grpc again
# when it has been in good order for a minute. Transactions go to all of them, and what one
# of them hides, another one shows.
others = {{ list .Chain.Others }}
# Chain id; empty takes the node's. Set it to be safe from a wrong endpoint.
id = {{ quote .Chain.ID }}
# Address of the operator for whom this machine works; register writes it. With it the
# node of nobody else is served, should somebody else register the worker key first.
operator = {{ quote .Chain.Operator }}
# Pause between two looks at the chain's height.
poll = {{ duration .Chain.Poll }}
# What is believed before a commitment, tag, digest or output leaves this machine:
# "proof" what is proven against headers that a light client follows by the validators'
# signatures, "agreement" what is proven against headers that chain.grpc and all
# witnesses show alike, "none" all that chain.grpc says.
verify = {{ quote .Chain.Verify }}
# CometBFT RPC of a node, such as "https://rpc.example:443", for headers and proofs: a few
# KiB instead of whole blocks, and a block sooner. While it is empty or does not answer,
# they come from chain.grpc.
rpc = {{ quote .Chain.RPC }}
# gRPC endpoints of nodes of others, which have to show the same headers. With "proof"
# one of them has to answer, so that two let one be down.
witnesses = {{ list .Chain.Witnesses }}
# A header that you trust, from a source other than these nodes: its height, and its
# hash in 64 hex digits. 0 and "" trust the first that is shown, and keep to it.
trust-height = {{ .Chain.TrustHeight }}
trust-hash = {{ quote .Chain.TrustHash }}
# How old a header may be that others are followed from: a daemon that was down for
# longer needs a new one. Less than the chain's unbonding.
trust-period = {{ duration .Chain.TrustPeriod }}
# Speak to nodes beyond this machine without TLS. Whoever is between can then read and
# change what they say: for a tunnel or a network of your own.
insecure-plaintext = {{ .Chain.InsecurePlaintext }}

[tx]
# Simulated gas is multiplied by this.
gas-adjustment = {{ .Tx.GasAdjustment }}
# The chain's minimum gas price is multiplied by this; more than 1 goes first in a full block.
gas-price-factor = {{ .Tx.GasPriceFactor }}
# Blocks that a transaction may wait before it is sent anew.
timeout-blocks = {{ .Tx.TimeoutBlocks }}

[fees]
# The most that is paid, whatever a node says of prices and gas: a unit of gas, one
# transaction, and a day in UTC, which is counted over restarts. When a day's budget
# runs short nothing new is claimed, and what is held goes first. Empty max-tx or
# max-day is no limit.
max-gas-price = {{ quote .Fees.MaxGasPrice }}
max-tx = {{ quote .Fees.MaxTx }}
max-day = {{ quote .Fees.MaxDay }}
# While others pay more than the least price of a block, a duty costs at most this share,
# in percent, of what missing it would: the bond locked for it, for a reveal or an opening,
# and the fee of a missed deadline, for a commitment or a release. It stays within the
# limits above, and at the least price a duty is sent whatever it is worth.
duty-percent = {{ .Fees.DutyPercent }}

# The same for one that is due within 40 blocks, if it is more.
urgent-percent = {{ .Fees.UrgentPercent }}

[payout]
# Unclaimed earnings from which on the node has them paid, such as "5tfuel": to the account
# that the operator has set with thetaedge payout set, or to the operator. Empty never does.
collect = {{ quote .Payout.Collect }}
# It waits while the fee would be more than this share of them, in percent. It collects once
# a day at most, and the fee counts towards [fees].
most-fee-percent = {{ .Payout.MostFeePercent }}

[keyring]
# Where the worker key is: "test" (files that only this user can read), "file"
# (encrypted, needs passphrase-file) or "os". The worker key can neither move the
# bond nor the earnings, and it can be rotated.
backend = {{ quote .Keyring.Backend }}
passphrase-file = {{ quote .Keyring.PassphraseFile }}

[policy]
# Programs run at once. The node's slots bound what it holds on chain: a task that
# is committed keeps a slot until it is settled, while the next one runs. A place needs
# two slots to stay busy with chunks of a minute or more, and one for audits. register opens
# a node with 3 * max-jobs slots; register --slots changes those of an open node. A slot
# locks no bond, but an assignment locks an amount that follows from the reward.
max-jobs = {{ .Policy.MaxJobs }}
# Least pay of a task by denom, such as ["0.5tfuel"]; other denoms are refused
# then. Empty takes all that the chain allows.
min-rewards = {{ list .Policy.MinRewards }}
# Least pay for 10^9 fuel by profile, such as ["wasm/1=0.02tfuel"], of the fuel that a task
# may use at most. thetaedge bench tells how much fuel a second is. A profile that is not
# listed has none.
min-prices = {{ list .Policy.MinPrices }}
# Most that a job may ask for; 0 does not bind.
max-fuel = {{ .Policy.MaxFuel }}
# Fuel that one program surely burns on this machine between two blocks, for each profile;
# thetaedge bench --write measures it. A task that cannot be done in its window at that
# rate, beside what is held, is left to others. 0 takes every task, and then no more than
# max-jobs that are not run yet.
fuel-per-block = {{ list .Policy.FuelPerBlock }}
max-memory = {{ quote .Policy.MaxMemory.String }}
# Memory of a program's tensors, for tensor/1; at most what the device of [tensors] has
# for each of max-jobs. 0 takes all of that.
max-device = {{ quote .Policy.MaxDevice.String }}
# Program and inputs together.
max-input = {{ quote .Policy.MaxInput.String }}
max-output = {{ quote .Policy.MaxOutput.String }}
# Blocks for which a job may keep bond locked after its work was paid, so that
# somebody can challenge it; it earns nothing meanwhile. 0 does not bind.
max-challenge-blocks = {{ .Policy.MaxChallengeBlocks }}
# Jobs that only their requester judges, who may reject the result for a small fee:
# "off" takes none, "named" those that name this node, "any" all.
trust = {{ quote .Policy.Trust }}
# Jobs that a grant of the chain pays for: "all" takes them, "none" does not. Their pay is
# for the fuel that the result has used, is held for about a week, and is void if the
# grant is revoked before. min-rewards compares the most that they may pay.
grants = {{ quote .Policy.Grants }}
# sha256 of programs that you believe to give the same result on every machine
# though nobody vouches for it: a result that differs from the others' costs bond.
own-risk-programs = {{ list .Policy.OwnRiskPrograms }}
# Addresses of requesters whose jobs are not taken.
deny-requesters = {{ list .Policy.DenyRequesters }}

[owner]
# You come first: the machine works only while all of these rules are kept. A rule that is
# empty, false or 0 is off. docs/operators/owner.md explains them; thetaedge status names
# the rule that holds the machine back.
# Times in which it may work, in local time, such as ["mon-fri 20:00-08:00", "sat,sun"].
# Write days with spaces between them ("sat sun") in flags and in the environment.
hours = {{ list .Owner.Hours }}
# Time before the end of the hours in which no new work is claimed.
wind-down = {{ quote .Owner.WindDown }}
# Time without keyboard and mouse before it works, such as "10m".
idle = {{ quote .Owner.Idle }}
# Not while a program fills the screen.
full-screen = {{ .Owner.FullScreen }}
# Not while one of these programs runs, such as ["steam_app_*", "vlc"].
processes = {{ list .Owner.Processes }}
# Not while other programs use more of the processors, such as "30%", or of a graphics card.
cpu = {{ quote .Owner.CPU }}
gpu = {{ quote .Owner.GPU }}
# Not while it is hotter than this, such as "85C".
cpu-temperature = {{ quote .Owner.CPUTemperature }}
gpu-temperature = {{ quote .Owner.GPUTemperature }}
# Not while processors and graphics cards take more than this, such as "200W", or a fan
# turns faster than this part of its speed, such as "80%".
watts = {{ quote .Owner.Watts }}
fan = {{ quote .Owner.Fan }}
# Not on battery, and not while the battery has less than this, such as "50%".
battery = {{ .Owner.Battery }}
charge = {{ quote .Owner.Charge }}
# Not while data over the network costs money.
metered = {{ .Owner.Metered }}
# Not while the disk of this folder has less free space, such as "20GiB".
free-disk = {{ quote .Owner.FreeDisk.String }}
# Rules that suspend the programs that run within two seconds. The others only let the
# machine claim nothing new, and what runs ends.
suspend = {{ list .Owner.Suspend }}
# Hold the machine back also while the sensor of a rule sees nothing.
strict = {{ .Owner.Strict }}

[egress]
# Servers from which jobs may have programs and inputs fetched, and to which their results may be
# sent: hosts such as "relay.example", "*.relay.example" for all below a domain, "relay.example:8443" for
# a port other than 80 and 443. A job that names any other server is left to others before it is
# claimed, and a redirect to another server is not followed. "*" is every host in the world: any stranger
# then chooses what your address connects to. Add the relays that you trust; thetaedge why names
# those that jobs ask for. docs/operators/network.md says more.
hosts = {{ list .Egress.Hosts }}
# Content that jobs move in a day in UTC, downloads and uploads together, such as "20GiB". It is
# counted over restarts. Above it nothing new is claimed, and what is held goes on. "0B" is no limit.
max-day = {{ quote .Egress.MaxDay.String }}

[work]
# Inputs on disk that are kept for further tasks, also over restarts. Those that a task needs
# come on top. At least policy.max-input keeps the model of a task for the next one.
cache = {{ quote .Work.Cache.String }}
# How long finished assignments and their outputs are kept, and accepted results tried
# to be delivered that their sink has not taken.
retention = {{ duration .Work.Retention }}
# Blocks before the reveal deadline at which the node reveals even if the outputs
# could not be delivered, because not revealing costs the bond.
reveal-margin = {{ .Work.RevealMargin }}
# Refuse inputs and sinks at private addresses, so that no job can probe this
# network. Switch it off on a devnet.
refuse-private = {{ .Work.RefusePrivate }}
# Public addresses, networks or names of yours at which no job may make this machine fetch
# or send, such as ["home.example", "203.0.113.7", "2001:db8:1::/48"]: what stands behind
# the router of a home is often let in from its own address.
own-addresses = {{ list .Work.OwnAddresses }}
# Longest time of one upload or download.
transfer-limit = {{ duration .Work.TransferLimit }}
# Longest run of a program: a safety net, not a limit of the job.
execution-limit = {{ duration .Work.ExecutionLimit }}
# How long the weights of a model stay in the memory of a device after a task of tensor/1, for
# further tasks of the same program. They take no more than policy.max-device together with the
# tensors of a task, and give way to them. 0s gives the memory back after each task.
keep-weights = {{ duration .Work.KeepWeights }}
# The most that the tensors of suspended programs of tensor/1 may take on the disk of this home, all
# together. They leave the memory within ten seconds and come back when the programs go on. A
# program whose tensors do not fit is ended, and begins again when programs go on. "0B" keeps
# all tensors in memory while programs are suspended.
swap = {{ quote .Work.Swap.String }}
# Layers around strangers' programs without which none is run, out of "lifetime",
# "limits", "memory", "namespaces", "privileges", "files" and "calls"; thetaedge doctor
# says which of them this machine has. Empty runs programs with those that it has.
layers = {{ list .Work.Layers }}
# Priority of the programs: "lowest" lets them have the processors that nothing else on this
# machine wants, "normal" lets them share with it, for a machine that does nothing else.
priority = {{ quote .Work.Priority }}
# The part of the processors that the programs may use together, in percent. Each uses one at
# least, unless the service has a control group: lower policy.max-jobs too. Measure anew with
# thetaedge bench --write after a change.
processors = {{ .Work.Processors }}
# How long a stop may take to reveal what is held; a second signal stops at once.
drain-timeout = {{ duration .Work.DrainTimeout }}

[tensors]
# What executes the tensors of programs of tensor/1: "auto" takes the first graphics card
# that computes what it should, a discrete one before one in the processor and CUDA before Vulkan,
# and else the processor. "cpu" takes the processor, "cuda" and "vulkan" a graphics card or
# nothing, with ":UUID" or ":NUMBER" the one that thetaedge doctor lists, and "ref"
# the processor in plain Go, which is slow. Only "auto" falls back to the processor.
device = {{ quote .Tensors.Device }}

[container]
# Whether the node takes jobs of container/1, which run container images of strangers. It needs
# Docker or Podman. The programs share the kernel of this machine, and get no network. With
# gpus, they also call the driver of the card directly, and what they leave in its memory is not
# erased. Register again afterwards, or change the profiles of the node.
enabled = {{ .Container.Enabled }}
# The socket of the engine. This user must be allowed to use it, which amounts to root with
# Docker. Podman has unix:///run/user/UID/podman/podman.sock.
socket = {{ quote .Container.Socket }}
# Graphics cards for jobs that ask for device memory: UUIDs as nvidia-smi -L shows them, or names
# of the Container Device Interface such as "nvidia.com/gpu=0". None: such jobs are left to others.
gpus = {{ list .Container.GPUs }}
# Cores and processes of one program; 0 cores are all of them.
cpus = {{ .Container.CPUs }}
pids = {{ .Container.PIDs }}
# The most that images of jobs take in the engine, and one of them, when unpacked.
images = {{ quote .Container.Images.String }}
max-image = {{ quote .Container.MaxImage.String }}

[api]
# Where the daemon answers: gRPC, and REST with /metrics and /healthz. Port 0
# takes any free one.
grpc = {{ quote .API.GRPC }}
http = {{ quote .API.HTTP }}

[dashboard]
# Where a browser on this machine sees the node: thetaedge dashboard opens it. Only addresses
# of this machine are accepted. If the port is taken, any free one is used. Empty is no dashboard.
listen = {{ quote .Dashboard.Listen }}
# "auto" is the language of the browser; "en" or "de".
language = {{ quote .Dashboard.Language }}
# What a kilowatt-hour costs you, such as "0.32 EUR", and what one tfuel is worth to you in the
# same currency. Earnings are then shown next to what was paid for electricity.
electricity = {{ quote .Dashboard.Electricity }}
coin-value = {{ quote .Dashboard.CoinValue }}
# The code of your country, such as "de", or grams of CO2 equivalents per kilowatt-hour, such as
# "380 g/kWh". The figures of countries are approximate: averages of a year, which
# thetaedge earnings --regions lists with their source.
carbon = {{ quote .Dashboard.Carbon }}

[alerts]
# Where you are told what needs attention, such as ["ntfy://ntfy.sh/TOPIC"], a webhook
# "https://HOST/PATH", "smtp://USER:PASSWORD@HOST:587/?from=ADDRESS&to=ADDRESS",
# "telegram://TOKEN@telegram/?chats=ID", "discord://TOKEN@WEBHOOK" or
# "matrix://:TOKEN@HOST/?rooms=ROOM". These addresses are secrets. docs/operators/alerts.md
# explains them; thetaedge alerts test tries them.
targets = {{ list .Alerts.Targets }}
# What you are told: "node" (not well: no chain, clock, disk, card), "jailed", "fault",
# "lease" (ends soon), "grant" (low), "update" (of the program) and "paid".
kinds = {{ list .Alerts.Kinds }}
# The name of the node in alerts; empty takes its name on the chain.
name = {{ quote .Alerts.Name }}
# Payments are told together: at most once a "day" or once an "hour".
paid-every = {{ quote .Alerts.PaidEvery }}
# A lease is low with less time than this, a fee grant with less than this amount.
lease-low = {{ duration .Alerts.LeaseLow }}
grant-low = {{ quote .Alerts.GrantLow }}
# Most alerts an hour. What exceeds it is told together later.
per-hour = {{ .Alerts.PerHour }}
# Allow targets without TLS that are not on this machine: the network then sees alerts and
# secrets.
insecure-plaintext = {{ .Alerts.InsecurePlaintext }}

[fleet]
# Where your other machines may read the state of this node, such as "0.0.0.0:9773", with a
# token of thetaedge fleet token, over TLS with a certificate of this home. Nothing can be
# changed there. Empty does not listen. See docs/operators/fleet.md.
listen = {{ quote .Fleet.Listen }}
# Names by which your machines call this one, such as ["rig-1.lan"]. Addresses always work.
names = {{ list .Fleet.Names }}
# Answer without TLS beyond this machine: for a tunnel such as WireGuard only, because the
# network sees the token otherwise.
insecure-plaintext = {{ .Fleet.InsecurePlaintext }}

[update]
# Whether the daemon installs newer releases by itself. It changes to another version when it
# holds nothing, and goes back if the node is not healthy with it. docs/operators/install.md
# explains it; thetaedge update does the same by hand.
enabled = {{ .Update.Enabled }}
# Where releases are, such as "https://releases.example". There is no default.
url = {{ quote .Update.URL }}
# Public keys of minisign, one of which has to have signed a release. Empty takes those that
# this program was built with.
key = {{ list .Update.Key }}
# The list of releases: "stable", or another one of the same address.
channel = {{ quote .Update.Channel }}
# Hours between two looks for a newer release.
hours = {{ .Update.Hours }}

[log]
# debug, info, warn or error; text or json.
level = {{ quote .Log.Level }}
format = {{ quote .Log.Format }}
`

// Render returns the content of config.toml, with comments.
func Render(c Config) ([]byte, error) {
	t, err := template.New(FileName).Funcs(template.FuncMap{
		"quote":    func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
		"duration": func(d time.Duration) string { return fmt.Sprintf("%q", d.String()) },
		"list":     quoteList,
	}).Parse(settings)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, c); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// quoteList returns a list of texts in the form of TOML.
func quoteList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = fmt.Sprintf("%q", item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// Write creates config.toml in a home folder. It fails if the file already exists.
func Write(home string, c Config) error {
	text, err := Render(c)
	if err != nil {
		return err
	}
	path := filepath.Join(home, FileName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("cannot create %s: %w", path, err)
	}
	_, err = file.Write(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// splitList allows flags and environment variables to contain a list separated by commas.
func splitList(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to != reflect.TypeOf([]string{}) {
		return value, nil
	}
	text := strings.TrimSpace(value.(string))
	if text == "" {
		return []string{}, nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts, nil
}
