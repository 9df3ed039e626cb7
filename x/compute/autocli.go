package compute

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions names the arguments of the commands that the client builds
// from the module's services.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	arg := func(fields ...string) []*autocliv1.PositionalArgDescriptor {
		out := make([]*autocliv1.PositionalArgDescriptor, len(fields))
		for i, f := range fields {
			out[i] = &autocliv1.PositionalArgDescriptor{ProtoField: f}
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "theta.compute.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters"},
				{RpcMethod: "Job", Use: "job JOB", Short: "Show a job and its spec", PositionalArgs: arg("job_id")},
				{RpcMethod: "Jobs", Use: "jobs REQUESTER", Short: "List the jobs of a requester", PositionalArgs: arg("requester")},
				{RpcMethod: "Draws", Use: "draws CLASS", Short: "List the tasks of a class that look for nodes", PositionalArgs: arg("class")},
				{RpcMethod: "Chunks", Use: "chunks JOB", Short: "Show which tasks of an array have ended, and how", PositionalArgs: arg("job_id")},
				{RpcMethod: "Market", Use: "market CLASS", Short: "Show nodes, slots, open tasks and recent prices of a class", PositionalArgs: arg("class")},
				{RpcMethod: "Task", Use: "task JOB TASK", Short: "Show a task that has not ended", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Assignments", Use: "assignments OPERATOR", Short: "List what a node holds", PositionalArgs: arg("operator")},
				{RpcMethod: "Claimable", Use: "claimable OPERATOR", Short: "List the draws a node may enter now", PositionalArgs: arg("operator")},
				{RpcMethod: "Explain", Use: "explain JOB TASK OPERATOR", Short: "Say line by line why a node does or does not qualify", PositionalArgs: arg("job_id", "task", "operator")},
				{RpcMethod: "Receipt", Use: "receipt JOB TASK", Short: "Show how a task ended", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Quote", Use: "quote CLASS REPLICAS REWARD", Short: "Say what a job costs and how many nodes qualify", PositionalArgs: arg("class", "replicas", "reward")},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's money"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "theta.compute.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "PostJob", Use: "post-job SPEC", Short: "Post a job from its spec in JSON; `compute run` does the whole errand", PositionalArgs: arg("spec")},
				{RpcMethod: "TopUpJob", Use: "top-up-job JOB TASKS BLOCKS", Short: "Add tasks after a job's last one, or time from now on", PositionalArgs: arg("job_id", "tasks", "lifetime_blocks")},
				{RpcMethod: "Review", Use: "review", Short: "Accept or reject results under TRUST"},
				{RpcMethod: "CancelJob", Use: "cancel-job JOB", Short: "End a job and get back what is not owed", PositionalArgs: arg("job_id")},
				{RpcMethod: "Claim", Use: "claim", Short: "Enter draws"},
				{RpcMethod: "Commit", Use: "commit", Short: "Fix results without showing them"},
				{RpcMethod: "Reveal", Use: "reveal", Short: "Show tags"},
				{RpcMethod: "Open", Use: "open", Short: "Show digests in an escalation"},
				{RpcMethod: "Release", Use: "release", Short: "Give tasks back"},
				{RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", Short: "Propose new parameters; all of them are given", PositionalArgs: arg("params"), GovProposal: true},
			},
		},
	}
}
