package blob

// Refusal says why a relay refused a request.
type Refusal struct {
	// Code is for programs, such as "box_full".
	Code string `json:"code"`
	// Message is for people.
	Message string `json:"message"`
}

// RefusalBody is the JSON body of an answer that refuses a request.
type RefusalBody struct {
	Error Refusal `json:"error"`
}
