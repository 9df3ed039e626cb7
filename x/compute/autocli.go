package compute

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions names the arguments of the commands that the client builds from the module's
// services.
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
				{RpcMethod: "Job", Use: "job JOB", Short: "Show a job and its spec", Example: "thetad query compute job 1042-0-0", PositionalArgs: arg("job_id")},
				{RpcMethod: "Jobs", Use: "jobs REQUESTER", Short: "List the jobs of a requester", Example: "thetad query compute jobs theta1... --page-limit 20", PositionalArgs: arg("requester")},
				{RpcMethod: "Draws", Use: "draws CLASS", Short: "List the tasks of a class that are looking for nodes", Example: "thetad query compute draws cpu-small", PositionalArgs: arg("class")},
				{RpcMethod: "TaskBits", Use: "task-bits JOB", Short: "Show which tasks of an array have ended, and how", Example: "thetad query compute task-bits 1042-0-0", PositionalArgs: arg("job_id")},
				{RpcMethod: "Market", Use: "market CLASS", Short: "Show the nodes, slots, open tasks and recent prices of a class", Example: "thetad query compute market cpu-small", PositionalArgs: arg("class")},
				{RpcMethod: "Chunk", Use: "chunk JOB TASK", Short: "Show the chunk of a task that has not ended", Example: "thetad query compute chunk 1042-0-0 0", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Assignments", Use: "assignments OPERATOR", Short: "List the assignments that a node holds", Example: "thetad query compute assignments theta1...", PositionalArgs: arg("operator")},
				{RpcMethod: "Claimable", Use: "claimable OPERATOR", Short: "List the draws that a node can enter now", Example: "thetad query compute claimable theta1...", PositionalArgs: arg("operator")},
				{
					RpcMethod: "Explain", Use: "explain JOB TASK [OPERATOR]", Short: "Show what a task waits for and how many nodes qualify, or why one node does or does not qualify",
					Example:        "thetad query compute explain 1042-0-0 0\nthetad query compute explain 1042-0-0 0 theta1...",
					PositionalArgs: append(arg("job_id", "task"), &autocliv1.PositionalArgDescriptor{ProtoField: "operator", Optional: true}),
				},
				{RpcMethod: "Receipt", Use: "receipt JOB TASK", Short: "Show how a task ended", Example: "thetad query compute receipt 1042-0-0 0", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Challenge", Use: "challenge JOB TASK", Short: "Show the challenge of an accepted result: its judges and the nodes that are judged", Example: "thetad query compute challenge 1042-0-0 0", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Redeliveries", Use: "redeliveries", Short: "List the jobs whose requesters have asked for their results again", Example: "thetad query compute redeliveries --from-height 1000"},
				{RpcMethod: "Quote", Use: "quote CLASS REPLICAS REWARD", Short: "Show what a job costs and how many nodes qualify", Example: "thetad query compute quote cpu-small 3 1000000000000000000atfuel", PositionalArgs: arg("class", "replicas", "reward")},
				{RpcMethod: "Energy", Use: "energy CLASS", Short: "List what nodes have claimed about the energy of a class, by epoch and declared region", Example: "thetad query compute energy cpu-small --page-reverse --page-limit 24\nthetad query compute energy cpu-small --epoch 7310", PositionalArgs: arg("class")},
				{RpcMethod: "CarbonFactors", Use: "carbon-factors", Short: "List the carbon factors of regions, with year and source"},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Check that the module's accounts add up"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "theta.compute.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "PostJob", Use: "post-job SPEC", Short: "Post a job from its spec, given as JSON or as a JSON file; `thetad compute run` also uploads its files and saves its result", Example: "thetad tx compute post-job spec.json --from alice", PositionalArgs: arg("spec")},
				{RpcMethod: "TopUpJob", Use: "top-up-job JOB TASKS BLOCKS", Short: "Add tasks after a job's last one, or lifetime in blocks from now on", Example: "thetad tx compute top-up-job 1042-0-0 500 5000 --from alice", PositionalArgs: arg("job_id", "tasks", "lifetime_blocks")},
				{
					RpcMethod: "Review", Use: "review --items ITEM", Short: "Accept or reject results under the trust policy; `thetad compute accept` and `reject` are shorter",
					Example: `thetad tx compute review --items '{"job_id":"1042-0-0","task":0,"accept":true}' --from alice`,
				},
				{RpcMethod: "CancelJob", Use: "cancel-job JOB", Short: "Cancel a job and refund the unspent escrow", Example: "thetad tx compute cancel-job 1042-0-0 --from alice", PositionalArgs: arg("job_id")},
				{RpcMethod: "Redraw", Use: "redraw JOB TASK", Short: "Draw nodes now for a task that waits for its next draw; `thetad compute redraw` shows the cost first", Example: "thetad tx compute redraw 1042-0-0 0 --from alice", PositionalArgs: arg("job_id", "task")},
				{RpcMethod: "Redeliver", Use: "redeliver JOB", Short: "Ask nodes to deliver the results of a job again; `thetad compute fetch` also waits for the results and saves them", Example: "thetad tx compute redeliver 1042-0-0 --sink https://relay.example/v1/drops/BOX --from alice", PositionalArgs: arg("job_id")},
				{
					RpcMethod: "Challenge", Use: "challenge JOB TASK", Short: "Challenge an accepted result: judges run the task again; `thetad compute challenge` shows the cost first, and adds the proof that arrays need",
					Example: "thetad tx compute challenge 1042-0-0 0 --from alice", PositionalArgs: arg("job_id", "task"),
				},
				{RpcMethod: "Claim", Use: "claim", Short: "Enter a node into the draws of tasks (sent by thetaedge)"},
				{RpcMethod: "Commit", Use: "commit", Short: "Commit to results without revealing them (sent by thetaedge)"},
				{RpcMethod: "Reveal", Use: "reveal", Short: "Reveal the tags of committed results (sent by thetaedge)"},
				{RpcMethod: "Open", Use: "open", Short: "Open the digests of revealed tags in an escalation (sent by thetaedge)"},
				{RpcMethod: "Release", Use: "release", Short: "Release tasks that the node will not finish (sent by thetaedge)"},
				{
					RpcMethod: "Yield", Use: "yield --items TASK", Short: "Give up tasks that the node was drawn for, for the fee of a missed deadline (sent by thetaedge)",
					Example: `thetad tx compute yield --items '{"job_id":"1042-0-0","task":0}' --from worker`,
				},
				{RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", Short: "Propose new parameters; all of them must be given", Example: `thetad tx compute update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`, PositionalArgs: arg("params"), GovProposal: true},
				{
					RpcMethod: "UpdateCarbonFactors", Use: "update-carbon-factors-proposal --factors FACTOR", Short: "Propose new carbon factors of regions; all of them must be given", GovProposal: true,
					Example: `thetad tx compute update-carbon-factors-proposal --factors '{"region":"de","grams_per_kwh":381,"year":2023,"source":"Ember"}' --title "Carbon factors" --summary "Averages of 2023" --deposit 1000000000000000000000atfuel --from alice`,
				},
			},
		},
	}
}
