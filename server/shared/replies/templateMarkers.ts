const thoughts = '(?:thinking|think|thought|reasoning|seed:think)'

/**
 * What templates of chat models are made of, as sources of regular expressions, whatever the case: what they mean in a reply, by name.
 * None of them may come into a prompt by what others wrote.
 */
export const templateMarkers = {
  open: `<${thoughts}>|\\[THINK\\]|◁think▷`,
  close: `</${thoughts}>|\\[/THINK\\]|◁/think▷`,
  call: '<tool_call>|<function_calls?>|<function=[^>\\n]{1,80}>|<\\|python_tag\\|>|\\[TOOL_CALLS\\]',
  called: '</tool_call>|</function_calls?>|</function>',
  header: '<\\|(?:start|channel|im_start|start_header_id)\\|>|<start_of_turn>',
  headed: '<\\|(?:message|end_header_id)\\|>',
  end: '<\\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return|call)\\|>|<｜end▁of▁sentence｜>|<end_of_turn>|</s>|<eos>',
  /** Of other templates, or without a meaning of their own. */
  other: '<\\|\\w{1,30}\\|>|<｜[^｜>\\n]{1,30}｜>|<s>|<bos>|<pad>|\\[/?INST\\]|<</?SYS>>',
} as const
