"""Procedures that the tests of the API run."""

GREET = """\
osop_version: "2.0"
id: greet
name: Greet the customer
nodes:
  - id: ask
    type: api
    name: Ask the partner
    purpose: Find out who it is
    runtime: {url: "PARTNER", endpoint: /ask, method: POST}
    inputs:
      - {name: email, required: true, schema: {type: string, maxLength: 100}, x-personal: true}
      - {name: badge, required: false, schema: {type: string}, x-personal: true}
    outputs:
      - {name: score, required: true, schema: {type: number}}
      - {name: token, required: false, schema: {type: string}}
    timeout_sec: 3600
  - id: review
    type: human
    name: Look at it
    purpose: Decide whether the customer is greeted
    role: greeter
    inputs: [score, email]
    outputs:
      - {name: decision, description: Decision, required: true, schema: {type: string, enum: [approved, rejected]}}
      - {name: notes, required: false, schema: {type: string}, x-personal: true}
    approval_gate: {required_approvers: 1, timeout_min: 60}
edges:
  - {from: ask, to: review}
"""


def greet(partner: str = "https://partner.test") -> str:
    return GREET.replace("PARTNER", partner)


WAITS = """
osop_version: "2.0"
id: waits
name: Waits
nodes:
  - {id: offer, type: system, name: Offer, runtime: {operation: log, message: offered}}
  - {id: ship, type: system, name: Ship, runtime: {operation: log, message: shipped}}
edges:
  - {from: offer, to: ship, mode: event, when: event.name == 'paid'}
"""
